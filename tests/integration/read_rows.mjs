// SPDX-License-Identifier: MIT
//
// Prints the rows of a file as DuckDB reads them, each as JSON in a line: of CSV
// all values as texts, where what is not quoted and is the null text is null.
//
//   node read_rows.mjs MODULES json FILE
//   node read_rows.mjs MODULES csv FILE DELIMITER NULL_TEXT
//
// `node read_rows.mjs MODULES` exits with 77 where DuckDB is not installed.
import {createRequire} from 'node:module';
import {resolve} from 'node:path';

const [modules, kind, file, delimiter, nullText] = process.argv.slice(2);
let DuckDBInstance;
try {
  const require = createRequire(resolve(modules, 'from-here.js'));
  ({DuckDBInstance} = require('@duckdb/node-api'));
} catch {
  console.log('no @duckdb/node-api: npm install --prefix build/npm @duckdb/node-api');
  process.exit(77);
}
if (!kind) {
  process.exit(0);
}
const connection = await (await DuckDBInstance.create(':memory:')).connect();
const quoted = text => `'${text.replaceAll("'", "''")}'`;
const table = kind === 'json'
    ? `read_json(${quoted(file)}, format = 'array')`
    : `read_csv(${quoted(file)}, header = true, all_varchar = true, auto_detect = false,
                columns = {'a': 'VARCHAR', 'b': 'VARCHAR', 'c': 'VARCHAR'}, quote = '"', escape = '"',
                delim = ${quoted(delimiter)}, nullstr = ${quoted(nullText)},
                allow_quoted_nulls = false, strict_mode = true)`;
const read = await connection.runAndReadAll(`SELECT * FROM ${table}`);
read.getRowObjectsJson().forEach(row => console.log(JSON.stringify(row)));
