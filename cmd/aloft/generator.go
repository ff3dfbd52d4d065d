package main

import (
	"runtime/debug"

	"github.com/aloft-dev/aloft/internal/blueprint"
)

// blueprints returns the generator of this program.
func blueprints() blueprint.Generator {
	g := blueprint.Generator{Version: buildVersion().Version}
	if info, ok := debug.ReadBuildInfo(); ok {
		g.Sum = info.Main.Sum
	}
	return g
}
