// SPDX-License-Identifier: MIT
// expect: this file is fine
int answer = 42;
