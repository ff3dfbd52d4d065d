package main

import (
	"fmt"
	"io"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/aloft-dev/aloft/internal/api"
)

// buildVersion tells what this program was built from.
func buildVersion() api.Version {
	version := api.Version{Version: "development"}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return version
	}
	version.Go = info.GoVersion
	if info.Main.Version != "" && info.Main.Version != "(devel)" {
		version.Version = info.Main.Version
	}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" {
			version.Revision = setting.Value
		}
	}
	return version
}

func newVersion(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Tell the version of this program",
		Args:  noArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			version := buildVersion()
			return o.print(command.OutOrStdout(), version, func(w io.Writer) error {
				_, err := fmt.Fprintf(w, "aloft %s %s %s\n", version.Version, version.Revision, version.Go)
				return err
			})
		},
	}
}
