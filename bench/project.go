package main

import (
	"context"
	"embed"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/tools/txtar"
)

//go:embed projects/*.txtar
var projects embed.FS

// project is a clone with the sources of an app.
type project struct {
	lab     *lab
	dir     string
	version string // file that holds the version
}

// project makes a clone in a folder of the lab from parts of the same name.
func (l *lab) project(ctx context.Context, folder string, parts ...string) (*project, error) {
	p := &project{lab: l, dir: l.path(folder)}
	for _, part := range parts {
		data, err := projects.ReadFile("projects/" + part + ".txtar")
		if err != nil {
			return nil, err
		}
		for _, file := range txtar.Parse(data).Files {
			if strings.TrimSpace(string(file.Data)) == "VERSION" {
				p.version = file.Name
			}
			if err := p.write(file.Name, file.Data); err != nil {
				return nil, err
			}
		}
	}
	_, err := l.run(ctx, p.dir, "git", "init", "--quiet")
	return p, err
}

func (p *project) write(name string, data []byte) error {
	path := filepath.Join(p.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o644)
}

// commit makes a version that nobody has built yet.
func (p *project) commit(ctx context.Context, version string) error {
	if err := p.write(p.version, []byte(version+"\n")); err != nil {
		return err
	}
	if _, err := p.lab.run(ctx, p.dir, "git", "add", "--all"); err != nil {
		return err
	}
	_, err := p.lab.run(ctx, p.dir, "git", "commit", "--quiet", "-m", "Version "+version)
	return err
}
