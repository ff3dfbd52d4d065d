package image

import (
	"context"
	"errors"
	"net/http"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/aloft-dev/aloft"
)

// found is a base as a registry has it.
type found struct {
	Base
	image  v1.Image
	digest string // "" without a base
	layers types.MediaType
	end    context.CancelFunc // of what reads its layers, which is later than Build
}

// base asks the registry of a base for its image of the platform. Its layers are
// read when they must be sent.
func (b *Builder) base(ctx context.Context, p *planned) (found, error) {
	f := found{Base: p.base, end: func() {}}
	if f.Reference == "" {
		f.image, f.layers = mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON), types.OCILayer
		return f, nil
	}
	reference, err := name.ParseReference(f.Reference)
	if err != nil {
		return f, aloft.Errorf(aloft.CodeInvalid, "cannot make an image of %s: its base is no name of an image: %w", p.request.App.Name, err)
	}
	var reading context.Context
	reading, f.end = context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, f.end)
	err = b.ask(reading, reference, p, &f)
	stop()
	if err == nil && ctx.Err() == nil {
		return f, nil
	}
	f.end()
	return f, canceledOr(ctx, p.request, unavailable(p, err))
}

func (b *Builder) ask(ctx context.Context, reference name.Reference, p *planned, f *found) error {
	auth, err := b.options.Bases.authenticator(ctx, reference.Context().Name())
	if err != nil {
		return err
	}
	image, err := remote.Image(reference, remote.WithContext(ctx), remote.WithAuth(auth), remote.WithTransport(b.options.Transport), remote.WithUserAgent(agent),
		remote.WithPlatform(v1.Platform{OS: p.platform.os, Architecture: p.platform.architecture}))
	if err != nil {
		return err
	}
	config, err := image.ConfigFile()
	if err != nil {
		return err
	}
	if config.OS != p.platform.os || config.Architecture != p.platform.architecture {
		return aloft.Errorf(aloft.CodeInvalid, "cannot make an image of %s for %s: its base %s is for %s/%s",
			p.request.App.Name, p.platform, f.Reference, config.OS, config.Architecture)
	}
	digest, err := image.Digest()
	if err != nil {
		return err
	}
	media, err := image.MediaType()
	if err != nil {
		return err
	}
	f.image, f.digest, f.layers = image, digest.String(), types.OCILayer
	if media == types.DockerManifestSchema2 {
		f.layers = types.DockerLayer
	}
	return nil
}

// unavailable tells why a base cannot be had.
func unavailable(p *planned, err error) error {
	if _, ok := errors.AsType[*aloft.Error](err); ok {
		return err
	}
	said := aloft.Errorf(aloft.CodeUnavailable, "cannot make an image of %s: cannot read its base %s for %s: %w", p.request.App.Name, p.base.Reference, p.platform, err)
	if answer, ok := errors.AsType[*transport.Error](err); ok {
		switch answer.StatusCode {
		case http.StatusUnauthorized, http.StatusForbidden:
			return said.WithHint("its registry wants a login, or does not know the base: a base must be readable by whoever makes the image")
		case http.StatusNotFound:
			return said.WithHint("there is no such base: ask for another version of %s in the source", p.request.App.Runtime.Value)
		case http.StatusTooManyRequests:
			return said.WithHint("the registry admits no more for now: wait, or use a mirror of the base")
		}
	}
	return said.WithHint("this machine must reach the registry of the base, or a mirror of it")
}
