// SPDX-License-Identifier: MIT
//
// What DuckDB finds in the Parquet files below a folder: rows, and the sum of
// the column `bytes`. Exits with 77 where DuckDB is not installed.
//
//   node count_parquet.mjs MODULES FOLDER
import {createRequire} from 'node:module';
import {resolve} from 'node:path';

const [modules, folder] = process.argv.slice(2);
let DuckDBInstance;
try {
  const require = createRequire(resolve(modules, 'from-here.js'));
  ({DuckDBInstance} = require('@duckdb/node-api'));
} catch {
  console.log('no @duckdb/node-api: npm install --prefix build/npm @duckdb/node-api');
  process.exit(77);
}
const connection = await (await DuckDBInstance.create(':memory:')).connect();
const read = await connection.runAndReadAll(
    `SELECT count(*) AS n, sum(bytes) AS bytes FROM read_parquet('${folder}/**/*.parquet')`);
const [row] = read.getRowObjectsJson();
console.log(`${row.n} ${row.bytes}`);
