package image_test

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/image"
)

// elfFile is the header of a program for a machine, and nothing else.
func elfFile(machine uint16) string {
	header := elf.Header64{
		Ident: [elf.EI_NIDENT]byte{0x7f, 'E', 'L', 'F', byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)},
		Type:  uint16(elf.ET_EXEC), Machine: machine, Version: uint32(elf.EV_CURRENT), Ehsize: 64,
	}
	var text bytes.Buffer
	if err := binary.Write(&text, binary.LittleEndian, header); err != nil {
		panic(err)
	}
	return text.String()
}

const source = `package main

import (
	"fmt"
	"os"
	"time"
)

func main() {
	_, err := time.LoadLocation("Europe/Paris")
	fmt.Println(os.Getenv("ALOFT_REVISION"), err)
}
`

// compile builds an app of Go as a build does, without the C library.
func compile(t *testing.T, architecture string) image.Request {
	t.Helper()
	a := artifact(t, map[string]string{"go.mod": "module web\n\ngo 1.26\n", "main.go": source})
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-buildvcs=false", "-o", ".aloft/app", ".")
	build.Dir, build.Env = a.Dir, append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+architecture, "GOFLAGS=")
	if said, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	return image.Request{Artifact: a, Revision: "abc123", App: aloft.App{
		Name: "web", Path: ".", Runtime: aloft.Setting{Value: "go"}, Start: aloft.Command{Args: []string{".aloft/app"}},
	}}
}

func TestAStaticProgramNeedsNoBase(t *testing.T) {
	w := newWorld(t)
	made := w.build(compile(t, "amd64"))
	if made.Base != "" {
		t.Errorf("base %q", made.Base)
	}
	pulled := w.pulled(w.push(made).Reference)
	dir := unpack(t, pulled)
	config := configOf(t, pulled)
	if config.OS != "linux" || config.Architecture != "amd64" || config.Config.Entrypoint[0] != "/app/.aloft/app" {
		t.Errorf("%s/%s starts %q", config.OS, config.Architecture, config.Config.Entrypoint)
	}
	for name, want := range map[string]string{
		"etc/passwd":                        "nonroot:x:65532:65532:",
		"etc/ssl/certs/ca-certificates.crt": "-----BEGIN CERTIFICATE-----",
		"usr/share/zoneinfo/Europe/Paris":   "TZif",
	} {
		if text, err := os.ReadFile(filepath.Join(dir, name)); err != nil || !strings.Contains(string(text), want) {
			t.Errorf("%s: %v, %.40q", name, err, text)
		}
	}
	run := exec.CommandContext(t.Context(), filepath.Join(dir, config.Config.Entrypoint[0]))
	run.Env = append(config.Config.Env, "ZONEINFO="+filepath.Join(dir, "usr/share/zoneinfo"))
	if said, err := run.CombinedOutput(); err != nil || string(said) != "abc123 <nil>\n" {
		t.Errorf("%v: %s", err, said)
	}
}

func TestAProgramForAnotherProcessorIsRefused(t *testing.T) {
	w, r := newWorld(t), compile(t, "arm64")
	_, err := w.builder().Build(t.Context(), r)
	if err == nil || !strings.Contains(err.Error(), "for linux/arm64, and the image for linux/amd64") || !strings.Contains(aloft.ErrorHint(err), "GOARCH=amd64") {
		t.Fatal(err)
	}
	r.Platform = "linux/arm64"
	w.build(r)
}

// machineFile copies a compiled file of this machine into an artifact.
func machineFile(t *testing.T, a aloft.Artifact, from, to string) {
	t.Helper()
	text, err := os.ReadFile(from)
	if err == nil {
		err = os.MkdirAll(filepath.Dir(filepath.Join(a.Dir, to)), 0o755)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(a.Dir, to), text, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestAProgramThatIsLinkedWithTheCLibraryGetsABaseThatHasIt(t *testing.T) {
	shell, err := exec.LookPath("sh")
	if err != nil || runtime.GOOS != "linux" {
		t.Skip("there is no shell of Linux")
	}
	w, a := newWorld(t), artifact(t, map[string]string{"x": ""})
	machineFile(t, a, shell, ".aloft/bin/web")
	_, err = w.builder().Build(t.Context(), image.Request{Artifact: a, Platform: "linux/" + runtime.GOARCH, App: aloft.App{
		Name: "web", Runtime: aloft.Setting{Value: "rust"}, Start: aloft.Command{Args: []string{".aloft/bin/web"}},
	}})
	if err == nil || !strings.Contains(err.Error(), "cannot read its base public.ecr.aws/docker/library/debian:trixie-slim") {
		t.Error(err)
	}
}

func TestTheRuntimeChoosesTheBase(t *testing.T) {
	for name, test := range map[string]struct {
		runtime string
		start   []string
		files   map[string]string
		want    string // part of the base's name; "" = no base
	}{
		"an assembly of .NET":       {"dotnet", []string{"dotnet", "web.dll"}, map[string]string{"web.dll": "MZ......"}, "dotnet/aspnet:10.0"},
		"a jar":                     {"java", []string{"java", "-jar", "a.jar"}, map[string]string{"a.jar": "PK"}, "openjdk/jdk:21-ubuntu"},
		"a script that runs Java":   {"java", []string{"build/bin/web"}, map[string]string{"build/bin/web*": "#!/bin/sh"}, "openjdk/jdk:21-ubuntu"},
		"a native program of Java":  {"java", []string{"./web"}, map[string]string{"web*": elfFile(62)}, ""},
		"a program before Node.js":  {"node", []string{"sh", "-c", "./migrate && node a.js"}, map[string]string{"migrate*": elfFile(62)}, "node:24-trixie-slim"},
		"a program that sh starts":  {"go", []string{"sh", "-c", "exec .aloft/app"}, map[string]string{".aloft/app*": elfFile(62)}, "debian:trixie-slim"},
		"Bun":                       {"node", []string{"bun", "run", "start"}, map[string]string{"a.js": ""}, "oven/bun:1-slim"},
		"gems of a version of Ruby": {"ruby", []string{"ruby", "a.rb"}, map[string]string{"vendor/bundle/ruby/3.3.0/a.rb": ""}, "ruby:3.3-slim-trixie"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			made, err := w.builder().Build(t.Context(), image.Request{Artifact: artifact(t, test.files), App: aloft.App{
				Name: "web", Runtime: aloft.Setting{Value: test.runtime}, Start: aloft.Command{Args: test.start},
			}})
			if test.want == "" && err == nil && made.Base == "" {
				return
			}
			if err == nil || !strings.Contains(err.Error(), test.want+" for linux/amd64") { // which is not reached here
				t.Errorf("%v, want %q", err, test.want)
			}
		})
	}
}

func TestALibraryThatSmallBasesLackGetsALargerOne(t *testing.T) {
	library, err := exec.CommandContext(t.Context(), "python3", "-c", "import _ssl; print(_ssl.__file__)").Output()
	if err != nil || runtime.GOOS != "linux" {
		t.Skip("there is no python3 with a library of OpenSSL")
	}
	for brought, want := range map[string]string{"x": "python:3.12-trixie", ".aloft/venv/lib": "python:3.12-slim-trixie"} {
		w, a := newWorld(t), artifact(t, map[string]string{".aloft/venv/lib/python3.12/a.py": "", "x/y": ""})
		machineFile(t, a, strings.TrimSpace(string(library)), ".aloft/venv/lib/python3.12/site-packages/_ssl.so")
		for _, name := range []string{"libssl.so.1.1", "libssl.so.3", "libcrypto.so.1.1", "libcrypto.so.3"} {
			if err := os.WriteFile(filepath.Join(a.Dir, brought, name+map[bool]string{true: ".other"}[brought == "x"]), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		_, err = w.builder().Build(t.Context(), image.Request{Artifact: a, Platform: "linux/" + runtime.GOARCH, App: aloft.App{
			Name: "web", Runtime: aloft.Setting{Value: "python"}, Start: aloft.Command{Args: []string{"python3", "x.py"}},
		}})
		if err == nil || !strings.Contains(err.Error(), want+" for") {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
