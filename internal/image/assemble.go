package image

import (
	"cmp"
	"context"
	"maps"
	"path"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
)

// Labels of images; those of the Open Container Initiative are explained in its
// image specification (annotations.md).
const (
	labelRevision   = "org.opencontainers.image.revision"
	labelBaseName   = "org.opencontainers.image.base.name"
	labelBaseDigest = "org.opencontainers.image.base.digest"
	labelArtifact   = "dev.aloft.artifact"
)

// assemble lays the layers on the base.
func (b *Builder) assemble(ctx context.Context, p *planned, base found) (v1.Image, error) {
	system, err := systemPart(base.Base)
	if err != nil {
		return nil, err
	}
	var added []mutate.Addendum
	for _, part := range append([]part{system}, p.tree.parts()...) {
		layer, err := b.layer(ctx, p.tree.dir, part, base.layers)
		if err != nil {
			return nil, err
		}
		added = append(added, mutate.Addendum{Layer: layer, History: v1.History{Created: v1.Time{Time: made}, CreatedBy: "aloft", Comment: part.title}})
	}
	image, err := mutate.Append(base.image, added...)
	if err != nil {
		return nil, err
	}
	config, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	p.configure(config, base)
	return mutate.ConfigFile(image, config)
}

// configure says how the image starts. Of the base's configuration its variables
// stay; its labels tell of the base, and its command is another.
func (p *planned) configure(config *v1.ConfigFile, base found) {
	env := config.Config.Env
	*config = v1.ConfigFile{
		OS: p.platform.os, Architecture: p.platform.architecture, Variant: config.Variant,
		Created: v1.Time{Time: made}, History: config.History, RootFS: config.RootFS,
	}
	config.Config = v1.Config{
		User:       "65532:65532",
		WorkingDir: p.tree.workingDir(),
		Entrypoint: p.entrypoint,
		Env:        p.environment(env),
		Labels:     map[string]string{},
	}
	if base.digest != "" {
		config.Config.Labels[labelBaseName], config.Config.Labels[labelBaseDigest] = base.Reference, base.digest
	}
	p.request.mark(&config.Config)
}

// environment returns the variables of the image: those of the base, those that
// every app has, those of the runtime, the manifest's. A later one wins.
func (p *planned) environment(base []string) []string {
	values := variables(base)
	values["PATH"] = p.path(cmp.Or(values["PATH"], "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"))
	values["HOME"], values["USER"], values["LANG"] = home, "nonroot", "C.UTF-8"
	if _, ok := p.tree.find(p.tree.inApp(venv)); ok {
		values["PYTHONUSERBASE"] = path.Join(place, p.tree.inApp(venv))
	}
	maps.Copy(values, p.request.App.Variables)
	return pairs(values)
}
