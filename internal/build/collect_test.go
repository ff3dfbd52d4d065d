package build_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/build"
)

func TestCopy(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	source := write(t, map[string]string{"file": "text", "run.sh": "", "folder/inner": "x", "caf\xe9/latin": "1"})
	if err := os.Chmod(filepath.Join(source, "run.sh"), 0o755); err != nil {
		t.Fatal(err)
	}
	for link, target := range map[string]string{
		"good": "folder/inner", "dead": "nothing", "folder/up": "../file", "dir": "folder",
		"absolute": "/etc/passwd", "out": "../../etc/passwd", "via": "absolute", "loop": "loop",
	} {
		if err := os.Symlink(target, filepath.Join(source, link)); err != nil {
			t.Fatal(err)
		}
	}
	log := await("")
	r := request(source)
	r.Log = log
	dir := mustBuild(t, b, r).Artifact.Dir
	for name, want := range map[string]bool{
		"file": true, "good": true, "dead": true, "folder/up": true, "dir": true, "caf\xe9/latin": true,
		"absolute": false, "out": false, "via": false, "loop": false,
	} {
		if _, err := os.Lstat(filepath.Join(dir, name)); (err == nil) != want {
			t.Errorf("%q: %v", name, err)
		}
		if told := strings.Contains(log.all.String(), "left out "+name+":"); told == want {
			t.Errorf("%q: told %v in %s", name, told, log.all.String())
		}
	}
	if info, err := os.Stat(filepath.Join(dir, "run.sh")); err != nil || info.Mode().Perm()&0o100 == 0 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if text, err := os.ReadFile(filepath.Join(dir, "folder/up")); err != nil || string(text) != "text" {
		t.Errorf("%q, %v", text, err)
	}
}

// What is written into the source while it is copied is in no artifact.
func TestForeignFilesAreNotCopied(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	source := write(t, map[string]string{"file": "", "terraform/main.tf": "", "terraform/aloft_backend_override.tf": "", "terraform/modules/x/new": ""})
	r := request(source)
	r.Foreign = func(name string) bool {
		return name == "terraform/aloft_backend_override.tf" || name == "terraform/modules/x/new"
	}
	dir := mustBuild(t, b, r).Artifact.Dir
	for name, want := range map[string]bool{
		"file": true, "terraform/main.tf": true, "terraform/aloft_backend_override.tf": false, "terraform/modules/x/new": false,
	} {
		if _, err := os.Lstat(filepath.Join(dir, name)); (err == nil) != want {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestCollect(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	source := write(t, nil)
	kept := mustBuild(t, b, request(source, "true"))
	old := mustBuild(t, b, request(source, "head -c 100000 /dev/zero > big; mkdir a; touch a/b; chmod -R a-w a"))
	if err := os.MkdirAll(filepath.Join(b.options.ArtifactDir, "shop", "crashed.tmp", "x"), 0o700); err != nil {
		t.Fatal(err)
	}

	log := await("  ready")
	building := request(source, "echo ready; sleep 1000 & wait")
	building.Log = log
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, err := b.Build(ctx, building)
		done <- err
	}()
	<-log.c
	freed, err := b.Collect(t.Context(), "shop", map[string]bool{kept.Artifact.ID: true})
	if err != nil || freed < 100_000 || freed > 1_000_000 {
		t.Errorf("freed %d, %v", freed, err)
	}
	if left := b.artifacts(t); len(left) != 3 { // kept, and what is being built with its temporary folder
		t.Errorf("left: %v", left)
	}
	if _, err := os.Stat(old.Artifact.Dir); err == nil {
		t.Error("the old one is still there")
	}
	cancel()
	if err := <-done; aloft.ErrorCode(err) != aloft.CodeCanceled {
		t.Errorf("error %v", err)
	}
	if result := mustBuild(t, b, request(source, "true")); !result.Skipped {
		t.Error("the kept one was built again")
	}
	if _, err := b.Collect(t.Context(), "shop", nil); err != nil || len(b.artifacts(t)) > 0 {
		t.Errorf("left: %v, %v", b.artifacts(t), err)
	}
	if _, err := b.Collect(t.Context(), "other", nil); err != nil {
		t.Errorf("a project without artifacts: %v", err)
	}
}

func TestCollectSparesWhatWasJustReturned(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(o *build.Options) { o.KeepFor = time.Hour })
	mustBuild(t, b, request(write(t, nil), "true"))
	if freed, err := b.Collect(t.Context(), "shop", nil); err != nil || freed != 0 || len(b.artifacts(t)) != 1 {
		t.Errorf("freed %d, %v, left %v", freed, err, b.artifacts(t))
	}
}

func TestDocker(t *testing.T) {
	t.Parallel()
	docker := func(r build.Request) build.Request {
		r.App.Runtime = aloft.Setting{Value: "docker", Source: aloft.Source{File: "Dockerfile"}}
		return r
	}
	engine := func(t *testing.T, script string) *bench {
		bin := t.TempDir()
		if err := os.WriteFile(filepath.Join(bin, "docker"), []byte("#!/bin/sh\n"+script), 0o755); err != nil {
			t.Fatal(err)
		}
		return newBench(t, func(o *build.Options) { o.Path = bin + ":/bin" })
	}
	t.Run("a client without engine", func(t *testing.T) {
		t.Parallel()
		_, err := engine(t, "exit 1").Build(t.Context(), docker(request(write(t, nil))))
		if aloft.ErrorCode(err) != aloft.CodeUnavailable || !strings.Contains(err.Error(), "(Dockerfile)") || aloft.ErrorHint(err) == "" {
			t.Errorf("error %v", err)
		}
	})
	t.Run("an image of what is committed", func(t *testing.T) {
		t.Parallel()
		b := engine(t, `test "$1" = info || find . -type f > "$(dirname "$0")/files"`)
		r := docker(request(write(t, map[string]string{
			"web/Dockerfile": "FROM scratch", "web/terraform/main.tf": "", "web/terraform/aloft_backend_override.tf": "",
		})))
		r.App.Path, r.Foreign = "web", func(name string) bool { return name == "web/terraform/aloft_backend_override.tf" }
		result := mustBuild(t, b, r)
		bin, _, _ := strings.Cut(b.options.Path, ":")
		files, err := os.ReadFile(filepath.Join(bin, "files"))
		if err != nil || !strings.Contains(string(files), "./terraform/main.tf\n") || strings.Contains(string(files), "override") {
			t.Errorf("built from %q, %v", files, err)
		}
		if _, err := os.Stat(result.Artifact.Dir + ".tmp"); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the copy is left: %v", err)
		}
	})
	t.Run("an image", func(t *testing.T) {
		t.Parallel()
		b := engine(t, `echo "$PWD $*" >> "$(dirname "$0")/calls"`)
		source := write(t, map[string]string{"Dockerfile": "FROM scratch"})
		result := mustBuild(t, b, docker(request(source)))
		image, err := os.ReadFile(filepath.Join(result.Artifact.Dir, build.ImageFile))
		want := "aloft/shop:" + result.Artifact.ID
		if err != nil || strings.TrimSpace(string(image)) != want {
			t.Errorf("image %q, %v", image, err)
		}
		if _, err := b.Collect(t.Context(), "shop", nil); err != nil {
			t.Error(err)
		}
		bin, _, _ := strings.Cut(b.options.Path, ":")
		calls, err := os.ReadFile(filepath.Join(bin, "calls"))
		wantCalls := "/ info\n" + source + " build --tag " + want + " .\n/ image rm " + want + "\n"
		if err != nil || string(calls) != wantCalls {
			t.Errorf("calls %q, %v; want %q", calls, err, wantCalls)
		}
	})
}
