#!/bin/sh
# OpenTofu 1.12.6 with state encryption: when the backend refuses the state at the end
# of an apply, it writes errored.tfstate, encrypted, and says to retry with
# `tofu state push errored.tfstate`. That command refuses the file, with -force too:
# it reads no encryption configuration for the file that it is given. The bytes are
# good: put into the backend as they are, they are the state.
#
# Needs Go, Python 3 and curl; builds OpenTofu from its Go module, some minutes.
set -eu
dir=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$dir"' EXIT
cd "$dir"
export TF_CLI_CONFIG_FILE=/dev/null CHECKPOINT_DISABLE=1 TF_HTTP_RETRY_MAX=0

mkdir build && cd build
cat >go.mod <<'MOD'
module build

go 1.25

require github.com/opentofu/opentofu v1.12.6

replace github.com/hashicorp/hcl/v2 v2.20.1 => github.com/opentofu/hcl/v2 v2.20.2-0.20251021132045-587d123c2828
MOD
go build -mod=mod -ldflags '-X github.com/opentofu/opentofu/version.dev=no' -o ../tofu github.com/opentofu/opentofu/cmd/tofu
cd ..
./tofu version | head -1

cat >backend.py <<'PYTHON'
import http.server, os

class Backend(http.server.BaseHTTPRequestHandler):
    def answer(self, status, body=b""):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if os.path.exists("state"):
            self.answer(200, open("state", "rb").read())
        else:
            self.answer(404)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if os.path.exists("away"):
            self.answer(500)
            return
        open("state", "wb").write(body)
        self.answer(200)

    def log_message(self, *arguments):
        pass

server = http.server.HTTPServer(("127.0.0.1", 0), Backend)
open("port", "w").write(str(server.server_port))
server.serve_forever()
PYTHON
python3 backend.py &
server=$!
until [ -s port ]; do sleep 0.1; done
url="http://127.0.0.1:$(cat port)/state"

cat >main.tf <<TERRAFORM
terraform {
  backend "http" {
    address = "$url"
  }
  encryption {
    key_provider "pbkdf2" "key" {
      passphrase = "only-for-this-demonstration"
    }
    method "aes_gcm" "method" {
      keys = key_provider.pbkdf2.key
    }
    state {
      method = method.aes_gcm.method
    }
  }
}

resource "terraform_data" "thing" {
  input = "made"
}
TERRAFORM
./tofu init -no-color >log
touch away
if ./tofu apply -auto-approve -no-color >log 2>&1; then
	echo "the apply did not fail"
	exit 1
fi
rm away
grep 'tofu state push errored.tfstate' log
for force in "" -force; do
	if ./tofu state push $force errored.tfstate >log 2>&1; then
		echo "changed: state push $force takes the file"
		exit 1
	fi
	grep -o 'This state file is encrypted and can not be' log
done
curl --silent --fail --data-binary @errored.tfstate "$url"
./tofu state list
echo "seen: the advice does not work, the bytes do"
