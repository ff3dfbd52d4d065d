package build_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aloft-dev/aloft/internal/build"
)

// TestMovedArtifactsAreBuiltAgain: an artifact may hold its own path, so that the
// one of before does not stand for the same inputs in another place.
func TestMovedArtifactsAreBuiltAgain(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	r := request(write(t, map[string]string{"a": "b"}), "pwd > place")
	first := mustBuild(t, b, r)
	if again := mustBuild(t, b, r); !again.Skipped || again.Artifact != first.Artifact {
		t.Errorf("unmoved it is built as %v (skipped: %v), before %v", again.Artifact, again.Skipped, first.Artifact)
	}
	elsewhere := b.options
	elsewhere.ArtifactDir = filepath.Join(b.dir, "elsewhere")
	if err := os.Rename(b.options.ArtifactDir, elsewhere.ArtifactDir); err != nil {
		t.Fatal(err)
	}
	moved := &bench{build.New(elsewhere), b.dir, elsewhere}
	result := mustBuild(t, moved, r)
	if result.Skipped || result.Artifact.ID == first.Artifact.ID {
		t.Errorf("the moved one counts as built: %v", result.Artifact)
	}
	place, err := os.ReadFile(filepath.Join(result.Artifact.Dir, "place"))
	if err != nil || !strings.HasPrefix(string(place), elsewhere.ArtifactDir) {
		t.Errorf("it holds %q, %v", place, err)
	}
	if again := mustBuild(t, moved, r); !again.Skipped {
		t.Error("it is built a third time")
	}
}
