package image_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/image"
)

// saved is a file as an engine saves an image.
func saved(t *testing.T, architecture string) string {
	t.Helper()
	made, err := random.Image(2048, 3, random.WithSource(fixed(1)))
	if err != nil {
		t.Fatal(err)
	}
	config, err := made.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	config = config.DeepCopy()
	config.OS, config.Architecture, config.Config.Env, config.Config.Cmd = "linux", architecture, []string{"COLOR=blue"}, []string{"serve"}
	if made, err = mutate.ConfigFile(made, config); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "image.tar")
	tag, err := name.NewTag("aloft/shop:0123")
	if err == nil {
		err = tarball.WriteToFile(path, tag, made)
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAnImageThatADockerfileMadeIsPushed(t *testing.T) {
	w := newWorld(t)
	r := image.Request{App: aloft.App{Name: "web"}, Artifact: aloft.Artifact{ID: "artifact-1"}, Revision: "abc123"}
	made, err := image.FromArchive(saved(t, "amd64"), r)
	if err != nil {
		t.Fatal(err)
	}
	if pushed := w.push(made); pushed.Layers != 3 || pushed.Sent != 3 {
		t.Errorf("%+v", pushed)
	}
	again := w.push(made)
	config := configOf(t, w.pulled(again.Reference)).Config
	if again.Sent != 0 || !slices.Equal(config.Env, []string{"ALOFT_REVISION=abc123", "COLOR=blue"}) || config.Cmd[0] != "serve" {
		t.Errorf("%+v, %+v", again, config)
	}
}

func TestAnArchiveThatIsNoImageForTheHostIsRefused(t *testing.T) {
	text := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(text, []byte("no archive"), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		text:              "cannot read the image of web that its Dockerfile made",
		saved(t, "arm64"): "the image of web is for linux/arm64, and its host runs linux/amd64",
	} {
		_, err := image.FromArchive(path, image.Request{App: aloft.App{Name: "web"}})
		if aloft.ErrorCode(err) != aloft.CodeInvalid || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
