"""An agent in Python's own library: it knows a URL and the environment, nothing of payments. usage: agent.py METHOD BODYFILE|- URL"""
import json
import sys
import urllib.error
import urllib.request

method, body_file, url = sys.argv[1:]
body = None
if body_file != "-":
    with open(body_file, "rb") as file:
        body = file.read()

request = urllib.request.Request(url, data=body, method=method, headers={"Content-Type": "application/octet-stream"} if body else {})
try:
    answer = urllib.request.urlopen(request, timeout=60)
except urllib.error.HTTPError as refused:
    answer = refused
print(json.dumps({
    "url": url,
    "status": answer.status,
    "receipt": answer.headers.get("smart-proxy-receipt"),
    "body": answer.read().decode("utf-8"),
}))
