// SPDX-License-Identifier: MIT
//
// DuckDB's part of the Parquet benchmark: prints the processor seconds of one
// COPY on one thread, and the bytes of the file.
//
//   node parquet_duckdb.mjs MODULES LINES FILE
import {createRequire} from 'node:module';
import {statSync} from 'node:fs';
import {resolve} from 'node:path';

const [modules, lines, file] = process.argv.slice(2);
const require = createRequire(resolve(modules, 'from-here.js'));
const {DuckDBInstance} = require('@duckdb/node-api');
const instance = await DuckDBInstance.create(':memory:', {threads: '1'});
const connection = await instance.connect();
await connection.run("SET TimeZone = 'UTC'");
const before = process.cpuUsage();
await connection.run(`COPY (SELECT * FROM read_json('${lines}', format = 'newline_delimited'))
                      TO '${file}' (FORMAT parquet, COMPRESSION zstd)`);
const used = process.cpuUsage(before);
console.log((used.user + used.system) / 1e6, statSync(file).size);
