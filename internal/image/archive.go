package image

import (
	"maps"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/aloft-dev/aloft"
)

// FromArchive takes an image that a container engine made of a Dockerfile, from a
// file as `docker save` and `podman save` write it, and lets it tell its revision.
// The file must stay until the image is pushed. A file that is none, and an image
// of another platform, are CodeInvalid.
func FromArchive(path string, r Request) (*Image, error) {
	platform, err := parsePlatform(r.Platform)
	if err != nil {
		return nil, err
	}
	image, err := tarball.ImageFromPath(path, nil)
	var config *v1.ConfigFile
	if err == nil {
		config, err = image.ConfigFile()
	}
	if err != nil {
		return nil, aloft.Errorf(aloft.CodeInvalid, "cannot read the image of %s that its Dockerfile made: %w", r.App.Name, err)
	}
	if config.OS != platform.os || config.Architecture != platform.architecture {
		return nil, aloft.Errorf(aloft.CodeInvalid, "the image of %s is for %s/%s, and its host runs %s", r.App.Name, config.OS, config.Architecture, platform).
			WithHint("build it for that platform: docker build --platform %s", platform)
	}
	config = config.DeepCopy()
	r.mark(&config.Config)
	if image, err = mutate.ConfigFile(image, config); err != nil {
		return nil, err
	}
	digest, err := image.Digest()
	if err != nil {
		return nil, aloft.Errorf(aloft.CodeInvalid, "cannot read the image of %s that its Dockerfile made: %w", r.App.Name, err)
	}
	return &Image{Digest: digest.String(), image: image, end: func() {}}, nil
}

// mark adds to the configuration of an image what Aloft knows it by.
func (r Request) mark(config *v1.Config) {
	values := variables(config.Env)
	maps.Copy(values, r.Environment)
	values["ALOFT_REVISION"] = r.Revision
	config.Env = pairs(values)
	if config.Labels == nil {
		config.Labels = map[string]string{}
	}
	for name, value := range map[string]string{labelRevision: r.Revision, labelArtifact: r.Artifact.ID} {
		if value != "" {
			config.Labels[name] = value
		}
	}
}

func variables(pairs []string) map[string]string {
	values := map[string]string{}
	for _, pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		values[name] = value
	}
	return values
}

func pairs(values map[string]string) []string {
	list := make([]string, 0, len(values))
	for _, name := range slices.Sorted(maps.Keys(values)) {
		list = append(list, name+"="+values[name])
	}
	return list
}
