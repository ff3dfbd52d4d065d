package blueprint_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/aloft-dev/aloft/internal/blueprint"
)

var archivedFiles = []blueprint.File{{Path: ".github/workflows/aloft.yml", Text: "on: push\n"}, {Path: "terraform/main.tf", Text: "ünï\n"}, {Path: "terraform/outputs.tf"}}

func TestArchive(t *testing.T) {
	for format, list := range map[string]func(*testing.T, []byte) []string{"zip": listZip, "tgz": listTgz} {
		t.Run(format, func(t *testing.T) {
			first, err := blueprint.Archive(format, archivedFiles)
			if err != nil {
				t.Fatal(err)
			}
			again, err := blueprint.Archive(format, archivedFiles)
			if err != nil || !bytes.Equal(first, again) {
				t.Error("the same files give another archive")
			}
			got := list(t, first)
			for i, file := range archivedFiles {
				if want := fmt.Sprintf("%s -rw-r--r-- 1980-01-01 %q", file.Path, file.Text); i >= len(got) || got[i] != want {
					t.Errorf("want %s among %q", want, got)
				}
			}
		})
	}
	t.Run("modules", func(t *testing.T) {
		files, err := blueprint.Generator{}.Render(blueprint.Choices{Name: "shop"})
		if err != nil {
			t.Fatal(err)
		}
		data, err := blueprint.Archive("zip", files)
		if err != nil {
			t.Fatal(err)
		}
		for i, got := range listZip(t, data) {
			if want := fmt.Sprintf("%s -rw-r--r-- 1980-01-01 %q", files[i].Path, files[i].Text); got != want {
				t.Errorf("%.200s, want %.200s", got, want)
			}
		}
	})
	_, err := blueprint.Archive("rar", nil)
	if found, ok := errors.AsType[blueprint.Violations](err); !ok || found[0].Field != "format" {
		t.Errorf("another format: %v", err)
	}
}

func listZip(t *testing.T, data []byte) []string {
	t.Helper()
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, file := range archive.File {
		reader, err := file.Open()
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, entry(t, file.Name, file.Mode().String(), file.Modified, reader))
	}
	return list
}

func listTgz(t *testing.T, data []byte) []string {
	t.Helper()
	compressed, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	archive := tar.NewReader(compressed)
	var list []string
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return list
		}
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, entry(t, header.Name, header.FileInfo().Mode().String(), header.ModTime, archive))
	}
}

func entry(t *testing.T, name, mode string, changed time.Time, content io.Reader) string {
	t.Helper()
	text, err := io.ReadAll(content)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%s %s %s %q", name, mode, changed.UTC().Format(time.DateOnly), text)
}

// BenchmarkRender is the figure to reach: one blueprint to an archive in under
// 5 ms.
func BenchmarkRender(b *testing.B) {
	for name, choices := range map[string]blueprint.Choices{
		"usual": {Name: "shop", Database: blueprint.Service{Kind: "postgresql"}, AddOns: []blueprint.Service{{Kind: "key-vault"}}, Apps: []blueprint.App{{Runtime: "spring-boot"}}},
		"largest": {
			Name: "shop", Network: "private", Database: blueprint.Service{Kind: "postgresql", Tier: "general-purpose"},
			AddOns: []blueprint.Service{{Kind: "redis"}, {Kind: "blob-storage"}, {Kind: "mongodb"}, {Kind: "application-insights"}, {Kind: "key-vault"}},
			Apps: []blueprint.App{{Name: "web", Runtime: "spring-boot"}, {Name: "api", Runtime: "go", Path: "api"},
				{Name: "site", Runtime: "static", Path: "site"}, {Name: "jobs", Runtime: "python", Hosting: "function", Path: "jobs"}},
		},
	} {
		for _, format := range blueprint.Formats() {
			b.Run(name+"/"+format, func(b *testing.B) {
				for b.Loop() {
					files, err := blueprint.Generator{Version: "v1.0.0"}.Render(choices)
					if err != nil {
						b.Fatal(err)
					}
					if _, err := blueprint.Archive(format, files); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
