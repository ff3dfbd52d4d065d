package image

import (
	"fmt"
	"strings"

	"github.com/aloft-dev/aloft"
)

// platform is what an image is for.
type platform struct{ os, architecture string }

func (p platform) String() string { return p.os + "/" + p.architecture }

// planned is an image before anything is asked of a registry.
type planned struct {
	request    Request
	platform   platform
	tree       *tree
	entrypoint []string
	base       Base
}

// plan reads the artifact and finds what would keep it from starting.
func plan(r Request, maxBytes int64) (*planned, error) {
	platform, err := parsePlatform(r.Platform)
	if err != nil {
		return nil, err
	}
	if r.App.Path == "" {
		r.App.Path = "."
	}
	t, err := readTree(r.Artifact, r.App, maxBytes)
	if err != nil {
		return nil, err
	}
	p := &planned{request: r, platform: platform, tree: t}
	if err := p.complete(); err != nil {
		t.close()
		return nil, err
	}
	return p, nil
}

func (p *planned) complete() error {
	var err error
	if p.entrypoint, err = p.tree.entrypoint(); err != nil {
		return err
	}
	needs, err := p.tree.inspect(p.platform)
	if err != nil {
		return err
	}
	if p.base, err = chooseBase(p.tree, needs); err != nil {
		return err
	}
	if p.request.Base != "" {
		p.base.Reference, p.base.Glibc = p.request.Base, ""
	}
	if p.base.Glibc != "" && newer(needs.glibc, p.base.Glibc) {
		return aloft.Errorf(aloft.CodeInvalid, "cannot make an image of %s: %s needs version %s of the C library, and %s has %s",
			p.request.App.Name, needs.needs, needs.glibc, p.base.Reference, p.base.Glibc).
			WithHint("build on an older Linux, such as the workflow's, or without the C library: CGO_ENABLED=0 for Go")
	}
	return p.tree.relocate()
}

func parsePlatform(text string) (platform, error) {
	if text == "" {
		text = "linux/amd64"
	}
	os, architecture, _ := strings.Cut(text, "/")
	if _, known := machines[architecture]; !known || os != "linux" {
		return platform{}, aloft.Errorf(aloft.CodeInvalid, "cannot make an image for %q: images are for linux/amd64 or linux/arm64", text)
	}
	return platform{os, architecture}, nil
}

// path is the PATH of the image: the programs of the app before those of the base.
func (p *planned) path(base string) string {
	var folders []string
	for _, folder := range programs {
		if f, ok := p.tree.find(p.tree.inApp(folder)); ok && f.mode.IsDir() {
			folders = append(folders, fmt.Sprintf("/%s", f.name))
		}
	}
	return strings.Join(append(folders, base), ":")
}
