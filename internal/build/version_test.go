package build_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/build"
)

// TestVersion asks for versions of an interpreter that says it is 3.11.7.
func TestVersion(t *testing.T) {
	t.Parallel()
	bin := write(t, map[string]string{"python3": "#!/bin/sh\necho Python 3.11.7\n"})
	if err := os.Chmod(filepath.Join(bin, "python3"), 0o700); err != nil {
		t.Fatal(err)
	}
	tests := map[string]bool{ // is it satisfied, or not to be told?
		"": true, "3": true, "3.11": true, "3.11.7": true, "3.11.*": true, "3.x": true, "v3.11.7": true, "==3.11.*": true,
		"3.12": false, "3.11.8": false, "2": false, "20": false, "==3.11.6": false, "=3.12": false, "3.1": false,
		">=3.10": true, ">= 3.10": true, ">=3.11.7": true, ">=3.12": false, ">3.11.7": false, ">3.10": true, ">3.11": false,
		"<4": true, "<3.11": false, "<=3.11": true, "<=3.10": false, "!=3.10": true, "!=3.11.7": false,
		">=3.10,<4": true, ">=3.10, <3.11": false, ">=3.10 <3.12": true, ">=3.12 <4": false,
		"^3.10": true, "^3.12": false, "^2.7": false, "~3.11.2": true, "~3.10": false, "~3": true,
		"~=3.10": true, "~=3.11.5": true, "~=3.10.2": false, "~> 3.1": true, "~> 3.10.0": false, "~> 4": false,
		"^2 || ^3": true, "^1||^2": false, "^2 | ^3.11": true, "<3 || >=3.12": false,
		"lts/*": true, "latest": true, "3.11 - 3.12": true, "3.13t": true, ">=3.12 or so": true, "99999999999999999999": false,
	}
	for wanted, satisfied := range tests {
		t.Run(wanted, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, func(o *build.Options) { o.Path = bin + ":" + o.Path })
			r := request(write(t, nil))
			var log bytes.Buffer
			r.Log = &log
			r.App.Runtime.Value = "python"
			r.App.Version = aloft.Setting{Value: wanted, Source: aloft.Source{File: ".python-version", Line: 1}}
			r.App.Toolchains = []aloft.Toolchain{{Name: "Python", Program: []string{"python3"}}}
			mustBuild(t, b, r)
			want := "warning: the app asks for Python " + wanted + " (.python-version:1), but python3 on the PATH is 3.11.7\n"
			if satisfied {
				want = ""
			}
			if log.String() != want {
				t.Errorf("the log says %q, want %q", &log, want)
			}
		})
	}
}
