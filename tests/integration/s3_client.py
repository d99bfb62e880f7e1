#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Looks at a bucket with boto3, which signs and reads by itself.

`s3_client.py ENDPOINT make` makes the bucket `lake`; `list` prints the objects,
`head KEY` what is said of one, `sha256 KEY` the digest of its bytes, `uploads`
the uploads that nobody has completed, each with how many parts it has,
`lines PREFIX` how many lines the objects below it have, how many different
ones, and the digest of those, sorted.
"""
import hashlib
import sys

try:
    import boto3
    from botocore.client import Config
except ImportError:
    sys.exit("no module boto3")

BUCKET = "lake"


def main():
    endpoint, action = sys.argv[1:3]
    client = boto3.client(
        "s3", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="test:tester",
        aws_secret_access_key="testing", config=Config(s3={"addressing_style": "path"}))
    if action == "make":
        client.create_bucket(Bucket=BUCKET)
    elif action == "list":
        for entry in client.list_objects_v2(Bucket=BUCKET).get("Contents", []):
            print(entry["Key"], entry["Size"])
    elif action == "head":
        head = client.head_object(Bucket=BUCKET, Key=sys.argv[3])
        print(head["ContentType"], head.get("ContentEncoding", "-"), head["Metadata"])
    elif action == "sha256":
        body = client.get_object(Bucket=BUCKET, Key=sys.argv[3])["Body"].read()
        print(hashlib.sha256(body).hexdigest())
    elif action == "lines":
        lines = []
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=sys.argv[3])
        for entry in (entry for page in pages for entry in page.get("Contents", [])):
            lines += client.get_object(Bucket=BUCKET, Key=entry["Key"])["Body"].read().splitlines()
        different = sorted(set(lines))
        print(len(lines), len(different), hashlib.sha256(b"\n".join(different)).hexdigest())
    elif action == "uploads":
        for upload in client.list_multipart_uploads(Bucket=BUCKET).get("Uploads", []):
            parts = client.list_parts(Bucket=BUCKET, Key=upload["Key"], UploadId=upload["UploadId"])
            print(upload["Key"], len(parts.get("Parts", [])))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
