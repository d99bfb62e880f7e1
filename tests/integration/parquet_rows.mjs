// SPDX-License-Identifier: MIT
//
// Compares Parquet files, as DuckDB reads them, with the JSON that they were
// made of: for each FOLDER/<n>.parquet the rows of <n>.json, by the columns of
// <n>.schema. Prints what differs, and in the end how many rows are the same.
//
//   node parquet_rows.mjs MODULES FOLDER
//   node parquet_rows.mjs MODULES FOLDER rows      prints the rows instead, by file
//
// `node parquet_rows.mjs MODULES` exits with 77 where DuckDB is not installed.
import {readdirSync, readFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {join, resolve} from 'node:path';

const [modules, folder, wants] = process.argv.slice(2);
let DuckDBInstance;
try {
  const require = createRequire(resolve(modules, 'from-here.js'));
  ({DuckDBInstance} = require('@duckdb/node-api'));
} catch {
  console.log('no @duckdb/node-api: npm install --prefix build/npm @duckdb/node-api');
  process.exit(77);
}
if (!folder) {
  process.exit(0);
}

/// What DuckDB's JSON of a value of that type must be.
function expected(value, type) {
  if (value === null || value === undefined) {
    return null;
  }
  if (type === 'bigint') {
    return String(value);
  }
  if (type.startsWith('array<')) {
    return value.map(one => expected(one, type.slice(6, -1)));
  }
  if (type.startsWith('map<string,')) {
    return Object.entries(value).map(
        ([key, one]) => ({key, value: expected(one, type.slice(11, -1))}));
  }
  if (type.startsWith('struct<')) {
    const fields = type.slice(7, -1).split(',').map(field => field.split(':'));
    return Object.fromEntries(fields.map(([name, of]) => [name, expected(value[name], of)]));
  }
  return value;
}

const connection = await (await DuckDBInstance.create(':memory:')).connect();
await connection.run("SET TimeZone = 'UTC'");
const files = readdirSync(folder).filter(name => name.endsWith('.parquet'));
if (wants === 'rows') {
  for (const file of files.sort((a, b) => parseInt(a) - parseInt(b))) {
    const read = await connection.runAndReadAll(`SELECT * FROM read_parquet('${join(folder, file)}')`);
    read.getRowObjectsJson().forEach(row => console.log(JSON.stringify(row)));
  }
  process.exit(0);
}
let same = 0;
for (const file of files) {
  const base = join(folder, file.slice(0, -'.parquet'.length));
  const columns = JSON.parse(readFileSync(base + '.schema', 'utf8'));
  const lines = readFileSync(base + '.json', 'utf8').split('\n').filter(line => line !== '');
  const read = await connection.runAndReadAll(`SELECT * FROM read_parquet('${base}.parquet')`);
  const rows = read.getRowObjectsJson();
  if (rows.length !== lines.length) {
    console.log(`${file}: ${rows.length} rows instead of ${lines.length}`);
  }
  lines.forEach((line, number) => {
    const record = JSON.parse(line);
    const wanted = Object.fromEntries(
        columns.map(([name, type]) => [name, expected(record[name], type)]));
    const found = JSON.stringify(rows[number]);
    if (found === JSON.stringify(wanted)) {
      ++same;
    } else {
      console.log(`${file}, row ${number}: ${found} instead of ${JSON.stringify(wanted)}`);
    }
  });
  // What statistics say must be so: a filter that leaves out row groups by them finds as many.
  for (const [name, type] of columns.filter(([, type]) => /^(int|bigint|double|string)$/.test(type))) {
    const column = `"${name}"`;
    const counted = await connection.runAndReadAll(
        `SELECT count(*) AS n FROM read_parquet('${base}.parquet')
         WHERE ${column} = (SELECT max(${column}) FROM read_parquet('${base}.parquet'))`);
    const values = lines.map(line => JSON.parse(line)[name]).filter(value => value !== null && value !== undefined);
    const bytes = value => typeof value === 'string' ? Buffer.from(value) : value;
    const compare = (a, b) => type === 'string' ? Buffer.compare(bytes(a), bytes(b)) : a - b;
    const largest = values.sort(compare).at(-1);
    const wanted = values.filter(value => value === largest).length;
    const n = Number(counted.getRowObjectsJson()[0].n);
    if (n !== wanted) {
      console.log(`${file}, ${name}: ${n} rows have the largest value, instead of ${wanted}`);
    }
  }
}
console.log(`same=${same}`);
