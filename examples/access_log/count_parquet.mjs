// SPDX-License-Identifier: MIT
//
// What DuckDB finds in the Parquet files below a folder: rows, and the sum of
// the column `bytes`; or, by partition, a line each of day, status and rows,
// where the rows say themselves that they belong there. Exits with 77 where
// DuckDB is not installed.
//
//   node count_parquet.mjs MODULES FOLDER [by-day-and-status]
import {createRequire} from 'node:module';
import {resolve} from 'node:path';

const [modules, folder, by] = process.argv.slice(2);
let DuckDBInstance;
try {
  const require = createRequire(resolve(modules, 'from-here.js'));
  ({DuckDBInstance} = require('@duckdb/node-api'));
} catch {
  console.log('no @duckdb/node-api: npm install --prefix build/npm @duckdb/node-api');
  process.exit(77);
}
const connection = await (await DuckDBInstance.create(':memory:')).connect();
const files = `read_parquet('${folder}/**/*.parquet', filename = true)`;
const part = name => `regexp_extract(filename, '/${name}=([^/]*)/', 1)`;
const query = by ?
    `SELECT ${part('day')} AS day, ${part('status')} AS status, count(*) AS n FROM ${files}
     WHERE status::VARCHAR = ${part('status')} GROUP BY 1, 2 ORDER BY 1, 2` :
    `SELECT count(*) AS n, sum(bytes) AS bytes FROM ${files}`;
for (const row of (await connection.runAndReadAll(query)).getRowObjectsJson()) {
  console.log(Object.values(row).join(' '));
}
