package image

import (
	"bytes"
	"path"
	"regexp"
	"strings"
)

// venv is the environment of packages that a build of Python makes, in the app's
// folder. It holds the paths of the machine that made it: a link to its
// interpreter, the folder of that in pyvenv.cfg, first lines of scripts, paths of
// packages. In an image it is no environment of its own, but the folder that the
// base's interpreter finds packages of its user in (PYTHONUSERBASE, which has the
// same folders below and reads .pth files too, as PYTHONPATH would not:
// docs.python.org/3/library/site.html). So the folder may be anywhere.
const venv = ".aloft/venv"

// python3 is the base's interpreter, wherever that is.
const python3 = "python3"

var (
	venvPython  = regexp.MustCompile(`(?:\./|\$PWD/|\$\{PWD\}/|/app/)?\.aloft/venv/bin/python[0-9.]*`)
	venvVersion = regexp.MustCompile(`^lib/python(3\.[0-9]+)$`)
	ownMachine  = regexp.MustCompile(`^(pyvenv\.cfg|\.gitignore|CACHEDIR\.TAG|\.lock|lib64|bin/(python[0-9.]*|𝜋thon|activate.*|Activate\.ps1|deactivate.*))$`)
)

// inVenv returns the rest of a path in the environment of packages.
func (t *tree) inVenv(from string) (rest string, ok bool) {
	return strings.CutPrefix(from, t.inApp(venv)+"/")
}

// machinery reports whether a file of an environment is there for the machine that
// made it only: its interpreter, and what makes a shell use it.
func (t *tree) machinery(from string) bool {
	rest, ok := t.inVenv(from)
	return ok && ownMachine.MatchString(rest)
}

// pythonVersion is the version that the packages were installed for; "" without packages.
func (t *tree) pythonVersion() string {
	for _, f := range t.files {
		rest, ok := t.inVenv(f.from)
		if match := venvVersion.FindStringSubmatch(rest); ok && match != nil {
			return match[1]
		}
	}
	return ""
}

// relocate makes the environment of packages independent of where it is.
func (t *tree) relocate() error {
	for i := range t.files {
		f := &t.files[i]
		rest, ok := t.inVenv(f.from)
		if !ok || !f.mode.IsRegular() || !holdsPaths(rest) {
			continue
		}
		text, err := t.read(*f)
		if err != nil {
			return err
		}
		if moved := t.withoutPaths(rest, text); !bytes.Equal(moved, text) {
			f.text, f.size = moved, int64(len(moved))
		}
	}
	return nil
}

// holdsPaths reports whether a file of an environment is one of those into which
// installers write paths: scripts, .pth files, finders of editable packages, and
// records of what was installed.
func holdsPaths(rest string) bool {
	name := path.Base(rest)
	return path.Dir(rest) == "bin" || strings.HasSuffix(name, ".pth") || strings.HasPrefix(name, "__editable__") ||
		name == "direct_url.json" || name == "RECORD"
}

func (t *tree) withoutPaths(rest string, text []byte) []byte {
	switch {
	case path.Dir(rest) == "bin":
		text = portableScript(text)
	case path.Base(rest) == "RECORD":
		text = portableRecord(text)
	}
	return bytes.ReplaceAll(text, []byte(t.dir+"/"), []byte(place+"/"))
}

// portableScript makes a script of Python start by the interpreter on the PATH. A
// long path is not in the first line, but in a second that a shell executes.
func portableScript(text []byte) []byte {
	first, rest, _ := bytes.Cut(text, []byte{'\n'})
	portable := []byte("#!/usr/bin/env " + python3 + "\n")
	switch {
	case bytes.HasPrefix(first, []byte("#!")) && venvPython.Match(first):
		return append(portable, rest...)
	case bytes.Equal(first, []byte("#!/bin/sh")) && bytes.HasPrefix(rest, []byte("'''exec' ")):
		if _, rest, ok := bytes.Cut(rest, []byte("' '''\n")); ok {
			return append(portable, rest...)
		}
	}
	return text
}

// portableRecord leaves out of a list of installed files what differs between
// machines: digests of scripts, and compiled files, which are not in the image.
func portableRecord(text []byte) []byte {
	var kept []byte
	for line := range bytes.Lines(text) {
		switch {
		case bytes.Contains(line, []byte("__pycache__/")):
		case bytes.HasPrefix(line, []byte("../../../bin/")):
			name, _, _ := bytes.Cut(bytes.TrimRight(line, "\r\n"), []byte{','})
			kept = append(append(kept, name...), ",,\n"...)
		default:
			kept = append(kept, line...)
		}
	}
	return kept
}
