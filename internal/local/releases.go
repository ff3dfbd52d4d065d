package local

import (
	"context"
	"slices"

	"github.com/aloft-dev/aloft"
)

// Releases lists the releases of an app, newest first.
func (l *Target) Releases(ctx context.Context, key aloft.EnvironmentKey, app string) ([]aloft.Release, error) {
	all, err := l.options.Store.Releases(ctx, key)
	return slices.DeleteFunc(all, func(r aloft.Release) bool { return r.App != app }), err
}
