# SPDX-License-Identifier: MIT
"""Signs requests as botocore does: one JSON object a line in, one line out.

What comes out is the Authorization header, or for "presign" the whole URL.
"""
import datetime
import json
import sys

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.compat import quote
from botocore.credentials import Credentials


def set_clock(stamp):
    """Botocore's clock has moved house between its releases."""
    now = datetime.datetime.strptime(stamp, "%Y%m%dT%H%M%SZ")

    class Clock(datetime.datetime):
        @classmethod
        def utcnow(cls):
            return now

    class Module:
        datetime = Clock

    if hasattr(botocore.auth, "get_current_datetime"):
        botocore.auth.get_current_datetime = lambda *ignored, **also: now
    else:
        botocore.auth.datetime = Module


def sign(case):
    set_clock(case["date"])
    is_s3 = case["service"] == "s3"
    url = case["origin"] + quote(case["path"], safe="/-_.~")
    request = AWSRequest(method=case["method"], url=url, params=case["parameters"])
    for name, value in case["headers"].items():
        request.headers[name] = value
    credentials = Credentials(case["id"], case["secret"], case["token"] or None)
    where = (credentials, case["service"], case["region"])
    if case["presign"]:
        # botocore sorts what is in the URL already, so it is put there.
        query = "&".join(quote(name, safe="-_.~") + "=" + quote(value, safe="-_.~")
                         for name, value in case["parameters"].items())
        request = AWSRequest(method=case["method"], url=url + ("?" + query if query else ""))
        kind = botocore.auth.S3SigV4QueryAuth if is_s3 else botocore.auth.SigV4QueryAuth
        kind(*where, expires=int(case["presign"])).add_auth(request)
        return request.url
    if not is_s3:
        request.headers["X-Amz-Content-SHA256"] = case["payload_hash"]
        botocore.auth.SigV4Auth(*where).add_auth(request)
        return request.headers["Authorization"]
    signer = botocore.auth.S3SigV4Auth(*where)
    signer.payload = lambda request: case["payload_hash"]
    signer.add_auth(request)
    return request.headers["Authorization"]


for line in sys.stdin:
    print(sign(json.loads(line)))
