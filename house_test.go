package aloft_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/aloft-dev/aloft"

// rooms lists every room and the rooms it may import besides the root.
// docs/architecture.md tells why.
var rooms = map[string][]string{
	"api":       {},
	"authority": {},
	"azure":     {},
	"backup":    {},
	"blueprint": {},
	"build":     {},
	"confine":   {},
	"detect":    {},
	"git":       {},
	"image":     {},
	"local":     {"supervise", "proxy"},
	"manifest":  {},
	"merge":     {},
	"nubesgen":  {"blueprint"},
	"postgres":  {},
	"provider":  {"api"},
	"proxy":     {},
	"run":       {"manifest", "detect"},
	"server":    {"api", "azure", "backup", "blueprint", "build", "confine", "git", "image", "local", "manifest", "nubesgen", "postgres", "provider", "proxy", "run", "state", "store", "supervise", "terraform", "web"},
	"state":     {},
	"store":     {},
	"supervise": {},
	"terraform": {},
	"web":       {},
	"worktree":  {"blueprint", "detect", "manifest", "merge", "nubesgen", "terraform"},
}

type goPackage struct {
	ImportPath string
	Imports    []string
}

func listPackages(t *testing.T) []goPackage {
	t.Helper()
	output, err := exec.Command("go", "list", "-json=ImportPath,Imports", "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var packages []goPackage
	decoder := json.NewDecoder(bytes.NewReader(output))
	for {
		var p goPackage
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
}

func TestRoomsImportOnlyWhatTheyMay(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range listPackages(t) {
		name, isRoom := strings.CutPrefix(p.ImportPath, module+"/internal/")
		switch {
		case p.ImportPath == module:
			for _, imported := range p.Imports {
				if strings.Contains(imported, ".") {
					t.Errorf("the root imports %s: it may import the standard library only", imported)
				}
			}
			continue
		case !isRoom:
			continue
		}
		seen[name] = true
		allowed, known := rooms[name]
		if !known {
			t.Errorf("internal/%s is not in the list of rooms", name)
			continue
		}
		for _, imported := range p.Imports {
			if other, ok := strings.CutPrefix(imported, module+"/internal/"); ok && !slices.Contains(allowed, other) {
				t.Errorf("room %s imports room %s: it may import %v", name, other, allowed)
			}
		}
	}
	for name := range rooms {
		if !seen[name] {
			t.Errorf("room %s is in the list but not in the house", name)
		}
	}
}

// sourceFiles calls visit for every Go file that is no test.
func sourceFiles(t *testing.T, visit func(path string, text []byte)) {
	t.Helper()
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (entry.Name() == "testdata" || strings.HasPrefix(entry.Name(), ".") && path != ".") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		visit(path, text)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestNoFileIsLongerThan500Lines(t *testing.T) {
	sourceFiles(t, func(path string, text []byte) {
		if lines := bytes.Count(text, []byte("\n")); lines > 500 {
			t.Errorf("%s has %d lines", path, lines)
		}
	})
}

func TestEveryPackageSaysWhatLivesInIt(t *testing.T) {
	documented := map[string]bool{}
	sourceFiles(t, func(path string, text []byte) {
		file, err := parser.ParseFile(token.NewFileSet(), path, text, parser.PackageClauseOnly|parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		dir := filepath.Dir(path)
		documented[dir] = documented[dir] || file.Doc != nil
	})
	for dir, ok := range documented {
		if !ok {
			t.Errorf("the package in %s has no comment", dir)
		}
	}
}
