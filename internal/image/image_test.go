package image_test

import (
	"context"
	"io"
	"log"
	"math/rand"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/image"
)

func discard() *log.Logger { return log.New(io.Discard, "", 0) }

func fixed(seed int64) rand.Source { return rand.NewSource(seed) }

// node is an app of Node.js with its packages.
func node(t *testing.T) image.Request {
	return image.Request{
		Artifact: artifact(t, map[string]string{
			"server.js":                     "listen()",
			"bin/start*":                    "#!/bin/sh\n",
			"node_modules/express/index.js": "module.exports = {}",
			"node_modules/.bin/tool*":       "#!/usr/bin/env node\n",
			"node_modules/shop -> ../lib":   "",
			"node_modules/.cache/babel":     "of this machine",
			"lib/index.js":                  "1",
			".aloft-complete":               "boot",
		}),
		App: aloft.App{
			Name: "web", Path: ".", Runtime: aloft.Setting{Value: "node"}, Start: aloft.Command{Args: []string{"node", "server.js"}},
		},
		Revision: "abc123", Base: baseName,
	}
}

func TestTheSameArtifactMakesTheSameImageInAnotherFolder(t *testing.T) {
	w := newWorld(t)
	w.publishBase(nil, "amd64")
	first, second := node(t), node(t)
	past := time.Now().Add(-time.Hour)
	for _, name := range []string{"server.js", "lib"} {
		path := filepath.Join(second.Artifact.Dir, name)
		if err := os.Chtimes(path, past, past); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(filepath.Join(second.Artifact.Dir, "server.js"), 0o644); err != nil {
		t.Fatal(err)
	}
	if a, b := w.build(first), w.build(second); a.Digest != b.Digest {
		t.Errorf("digests %s and %s", a.Digest, b.Digest)
	}
	second.Revision = "def456"
	if a, b := w.build(first), w.build(second); a.Digest == b.Digest {
		t.Error("another revision is the same image")
	}
}

func TestTheCacheDoesNotChangeTheImage(t *testing.T) {
	w, r := newWorld(t), node(t)
	w.publishBase(nil, "amd64")
	want := w.build(r).Digest
	cached := image.New(image.Options{Transport: w.transport, Cache: filepath.Join(t.TempDir(), "layers")})
	for range 2 {
		made, err := cached.Build(t.Context(), r)
		if err != nil || made.Digest != want {
			t.Fatalf("%v, %v: want %s", made, err, want)
		}
	}
}

func TestAnImageHasItsFilesInLayers(t *testing.T) {
	w, r := newWorld(t), node(t)
	w.publishBase(nil, "amd64")
	layers := ownLayers(t, w.pulled(w.push(w.build(r)).Reference))
	for title, want := range map[string][]string{
		"node_modules": {"app/", "app/node_modules/", "app/node_modules/.bin/", "app/node_modules/.bin/tool", "app/node_modules/express/", "app/node_modules/express/index.js", "app/node_modules/shop"},
		"code":         {"app/", "app/bin/", "app/bin/start", "app/lib/", "app/lib/index.js", "app/server.js"},
	} {
		var have []string
		for _, e := range entries(t, layers[title]) {
			have = append(have, e.Name)
			if e.Uid != 65532 || e.Gid != 65532 || e.ModTime.Year() != 1980 || e.Uname != "" {
				t.Errorf("%s belongs to %d, of %s", e.Name, e.Uid, e.ModTime)
			}
		}
		if !slices.Equal(have, want) {
			t.Errorf("%s has %q, want %q", title, have, want)
		}
	}
	for _, e := range entries(t, layers["code"]) {
		if want := map[string]int64{"app/bin/start": 0o755, "app/server.js": 0o644}[e.Name]; want != 0 && e.Mode != want {
			t.Errorf("%s has mode %o", e.Name, e.Mode)
		}
	}
	if link := entries(t, layers["node_modules"])[6]; link.Linkname != "../lib" {
		t.Errorf("the link leads to %q", link.Linkname)
	}
}

func TestAnImageSaysHowItStartsAndWhereItCameFrom(t *testing.T) {
	w, r := newWorld(t), node(t)
	index := w.publishBase([]string{"PATH=/base/bin", "NODE_VERSION=24"}, "amd64", "arm64")
	r.Platform, r.Environment = "linux/arm64", map[string]string{"COLOR": "blue"}
	made := w.build(r)
	r.Base = made.Base
	if again := w.build(r); again.Base != made.Base {
		t.Errorf("the same base by its digest is %s", again.Base)
	}
	config := configOf(t, w.pulled(w.push(made).Reference))
	manifest, err := index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	base := manifest.Manifests[1].Digest.String()
	if made.Base != baseName+"@"+base {
		t.Errorf("base %q", made.Base)
	}
	for name, pair := range map[string][2]string{
		"platform":   {config.OS + "/" + config.Architecture, "linux/arm64"},
		"user":       {config.Config.User, "65532:65532"},
		"folder":     {config.Config.WorkingDir, "/app"},
		"entrypoint": {strings.Join(config.Config.Entrypoint, " "), "node server.js"},
		"arguments":  {strings.Join(config.Config.Cmd, " "), ""},
		"variables": {strings.Join(config.Config.Env, " "), "ALOFT_REVISION=abc123 COLOR=blue HOME=/home/nonroot LANG=C.UTF-8 NODE_VERSION=24 " +
			"PATH=/app/node_modules/.bin:/base/bin USER=nonroot"},
		"revision":           {config.Config.Labels["org.opencontainers.image.revision"], "abc123"},
		"name of the base":   {config.Config.Labels["org.opencontainers.image.base.name"], baseName},
		"digest of the base": {config.Config.Labels["org.opencontainers.image.base.digest"], base},
		"the base's label":   {config.Config.Labels["org.opencontainers.image.version"], ""},
		"time":               {config.Created.Format(time.DateOnly), "1980-01-01"},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s: %q, want %q", name, pair[0], pair[1])
		}
	}
}

func configOf(t *testing.T, i v1.Image) *v1.ConfigFile {
	t.Helper()
	config, err := i.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	return config
}

func TestAnAppOfARepositoryHasTheWholeRepository(t *testing.T) {
	w := newWorld(t)
	w.publishBase(nil, "amd64")
	r := node(t)
	r.Artifact = artifact(t, map[string]string{
		"apps/web/server.js":       "1",
		"apps/web/run*":            "#!/bin/sh\n",
		"node_modules/a/index.js":  "1",
		"apps/web/common -> ../..": "",
	})
	r.Artifact.Dir, r.App.Path = filepath.Join(r.Artifact.Dir, "apps/web"), "apps/web"
	r.App.Start.Args = []string{"./run", "now"}
	pulled := w.pulled(w.push(w.build(r)).Reference)
	config := configOf(t, pulled).Config
	if config.WorkingDir != "/app/apps/web" || config.Entrypoint[0] != "/app/apps/web/run" {
		t.Errorf("starts %q in %s", config.Entrypoint, config.WorkingDir)
	}
	if _, ok := ownLayers(t, pulled)["node_modules"]; !ok {
		t.Error("the packages of the repository have no layer")
	}
}

func TestWhatCannotBeAnImageIsSaidBeforeAnythingIsAsked(t *testing.T) {
	at := func(files map[string]string, change func(*image.Request)) func(*testing.T) image.Request {
		return func(t *testing.T) image.Request {
			r := node(t)
			if files != nil {
				r.Artifact = artifact(t, files)
			}
			change(&r)
			return r
		}
	}
	nothing := func(*image.Request) {}
	start := func(args ...string) func(*image.Request) {
		return func(r *image.Request) { r.App.Runtime.Value, r.App.Start.Args, r.Base = "go", args, "" }
	}
	for name, test := range map[string]struct {
		request func(*testing.T) image.Request
		want    string
	}{
		"no start command": {at(nil, func(r *image.Request) { r.App.Start = aloft.Command{} }), "it has no start command"},
		"a static site":    {at(nil, func(r *image.Request) { r.App.Start, r.App.Static.Value = aloft.Command{}, "public" }), "it is the folder public, which no process serves"},
		"a Dockerfile":     {at(nil, func(r *image.Request) { r.App.Runtime.Value = "docker" }), "its Dockerfile makes one"},
		"unknown runtime":  {at(nil, func(r *image.Request) { r.App.Runtime.Value = "cobol" }), `there is no base for the runtime "cobol"`},
		"unknown platform": {at(nil, func(r *image.Request) { r.Platform = "windows/amd64" }), `cannot make an image for "windows/amd64"`},
		"artifact gone":    {at(nil, func(r *image.Request) { r.Artifact.Dir += "/gone" }), "its artifact is gone"},
		"absolute link":    {at(map[string]string{"x -> /etc/passwd": ""}, nothing), "the link x leads out of the artifact, to /etc/passwd"},
		"link above":       {at(map[string]string{"a/x -> ../../secret": ""}, nothing), "the link a/x leads out of the artifact, to ../../secret"},
		"a removal":        {at(map[string]string{"a/.wh.b": ""}, nothing), "layers remove files by names such as a/.wh.b"},
		"for macOS":        {at(map[string]string{".aloft/app*": "\xcf\xfa\xed\xfe...."}, start(".aloft/app")), ".aloft/app is for macOS, and the image for linux/amd64"},
		"for Windows":      {at(map[string]string{"web.exe*": "MZ.........."}, start("./web.exe")), "web.exe is for Windows"},
		"for arm64":        {at(map[string]string{".aloft/app*": elfFile(183)}, start(".aloft/app")), ".aloft/app is for linux/arm64, and the image for linux/amd64"},
		"for riscv, by sh": {at(map[string]string{".aloft/bin/web*": elfFile(243)}, start("sh", "-c", "PORT=1 exec .aloft/bin/web")), ".aloft/bin/web is for linux/riscv"},
		"half a program":   {at(map[string]string{".aloft/app*": elfFile(62)[:30]}, start(".aloft/app")), ".aloft/app is no whole program"},
		"gems for arm64": {at(map[string]string{"vendor/bundle/ruby/3.4.0/pg.so": elfFile(183), "x": ""}, func(r *image.Request) {
			r.App.Runtime.Value = "ruby"
		}), "vendor/bundle/ruby/3.4.0/pg.so is for linux/arm64"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			_, err := w.builder().Build(t.Context(), test.request(t))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("%v, want %q", err, test.want)
			}
			if code := aloft.ErrorCode(err); code != aloft.CodeInvalid && code != aloft.CodeNotFound {
				t.Errorf("code %s", code)
			}
		})
	}
}

func TestAnArtifactThatIsTooLargeNamesItsFolders(t *testing.T) {
	r := node(t)
	r.Artifact = artifact(t, map[string]string{"data/a": strings.Repeat("x", 5000), "data/b": strings.Repeat("x", 5000), "server.js": "1"})
	_, err := image.New(image.Options{MaxBytes: 9000}).Build(t.Context(), r)
	if want := "its artifact has 10 kB, more than 9.0 kB: data (10 kB), server.js (1 B)"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v, want %q", err, want)
	}
}

func TestABaseThatCannotBeHad(t *testing.T) {
	w := newWorld(t)
	w.publishBase(nil, "amd64")
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	for name, test := range map[string]struct {
		ctx            context.Context
		base, platform string
		code           aloft.Code
		want           string
	}{
		"unknown":          {t.Context(), "mcr.microsoft.com/base:2", "", aloft.CodeUnavailable, "cannot read its base mcr.microsoft.com/base:2"},
		"other platform":   {t.Context(), baseName, "linux/arm64", aloft.CodeUnavailable, "for linux/arm64"},
		"no such registry": {t.Context(), "gone.example/base:1", "", aloft.CodeUnavailable, "no such host"},
		"no name":          {t.Context(), "NOT A NAME", "", aloft.CodeInvalid, "its base is no name of an image"},
		"stopped":          {canceled, baseName, "", aloft.CodeCanceled, "making the image of web was stopped"},
	} {
		t.Run(name, func(t *testing.T) {
			r := node(t)
			r.Base, r.Platform = test.base, test.platform
			_, err := w.builder().Build(test.ctx, r)
			if err == nil || aloft.ErrorCode(err) != test.code || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%s %v, want %s %q", aloft.ErrorCode(err), err, test.code, test.want)
			}
		})
	}
}

func TestALargeFileTakesLittleMemory(t *testing.T) {
	w, r := newWorld(t), node(t)
	w.publishBase(nil, "amd64")
	large, err := os.Create(filepath.Join(r.Artifact.Dir, "large"))
	if err == nil {
		err = large.Truncate(40 << 20)
	}
	if err != nil {
		t.Fatal(err)
	}
	large.Close()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	w.push(w.build(r))
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 24<<20 {
		t.Errorf("%d MB were allocated in all", used>>20)
	}
}
