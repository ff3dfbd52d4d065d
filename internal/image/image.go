// Package image makes an OCI image of an artifact, without a container engine,
// and sends it to a registry. An image has the layers of its base, a layer for
// each kind of dependencies, and one for the code; the same artifact, revision
// and base make the same bytes on every machine.
//
// It imports the root package only, and knows of Azure no more than how its
// registries exchange tokens.
package image

import (
	"context"
	"net/http"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/aloft-dev/aloft"
)

// Options say what a Builder works with.
type Options struct {
	Cache     string            // folder that remembers how layers were compressed; "" = nowhere
	MaxBytes  int64             // of an artifact's files, not compressed; 0 = 4 GiB
	Transport http.RoundTripper // to registries; nil = http.DefaultTransport
	Bases     Login             // to the registry of a base; nil = as nobody, which those of the catalog's are read as

	Wait func(ctx context.Context, d time.Duration) error // lets time pass between tries; nil = the clock
}

// Builder makes images and pushes them. Its methods may be called from any goroutine.
type Builder struct{ options Options }

// New returns a builder. Its cache's folder is made when it is needed.
func New(options Options) *Builder {
	if options.MaxBytes == 0 {
		options.MaxBytes = 4 << 30
	}
	if options.Transport == nil {
		options.Transport = http.DefaultTransport
	}
	if options.Wait == nil {
		options.Wait = wait
	}
	return &Builder{options: options}
}

// wait returns after d, or with the cause of the end of ctx.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

// Request says what to make an image of.
type Request struct {
	Artifact    aloft.Artifact
	App         aloft.App         // runtime, version, path and start command
	Revision    string            // commit; the image tells it in ALOFT_REVISION and in a label
	Environment map[string]string // more variables for the image; those that differ by environment do not belong here
	Platform    string            // "linux/amd64" or "linux/arm64"; "" = linux/amd64
	Base        string            // reference of another base than the catalog's, such as a mirror's; "" = the catalog's
}

// Image is an image that can be pushed. It reads the artifact's folder until then.
type Image struct {
	Base   string // reference and digest of its base, "name:tag@sha256:…"; "" when it needs none
	Digest string // of its manifest, "sha256:…"
	image  v1.Image
	end    context.CancelFunc // ends the reading of the base's layers
}

// Build makes an image. Without a start command, with files that cannot be in an
// image, with programs of another platform, or too large, it is CodeInvalid; a
// base that cannot be had is CodeUnavailable; the end of ctx is CodeCanceled.
func (b *Builder) Build(ctx context.Context, r Request) (*Image, error) {
	p, err := plan(r, b.options.MaxBytes)
	if err != nil {
		return nil, err
	}
	defer p.tree.close()
	base, err := b.base(ctx, p)
	if err != nil {
		return nil, err
	}
	image, err := b.assemble(ctx, p, base)
	if err != nil {
		base.end()
		return nil, canceledOr(ctx, r, err)
	}
	digest, err := image.Digest()
	if err != nil {
		base.end()
		return nil, canceledOr(ctx, r, err)
	}
	made := &Image{Digest: digest.String(), image: image, end: base.end}
	if base.digest != "" {
		name, _, _ := strings.Cut(base.Reference, "@")
		made.Base = name + "@" + base.digest
	}
	return made, nil
}

// canceledOr tells the end of ctx from other failures.
func canceledOr(ctx context.Context, r Request, err error) error {
	if ctx.Err() != nil {
		return aloft.Errorf(aloft.CodeCanceled, "making the image of %s was stopped: %w", r.App.Name, context.Cause(ctx))
	}
	if aloft.ErrorCode(err) != aloft.CodeInternal {
		return err
	}
	return aloft.Errorf(aloft.CodeFailed, "cannot make the image of %s: %w", r.App.Name, err)
}
