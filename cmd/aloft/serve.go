package main

import (
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/server"
)

// backupEvery is how old the newest backup on a timer may become.
const backupEvery = 24 * time.Hour

func newServe() *cobra.Command {
	o := server.Options{Version: buildVersion(), Generator: blueprints(), Keyring: keyring{}}
	command := &cobra.Command{
		Use:   "serve",
		Short: "Run the server: git remote, runs, states, apps, pages",
		Long: `Serve runs the server until Ctrl-C. What a push, a build or an app may use is
limited; --limit NAME=VALUE changes a limit, such as --limit build-time=1h:

` + server.DescribeLimits(),
		Args: noArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			for _, name := range []string{"backup-every", "backup-keep"} {
				if command.Flags().Changed(name) && o.BackupDir == "" {
					return misuse{aloft.Errorf(aloft.CodeInvalid, "--%s says nothing without --backup-dir: no backups are written", name).
						WithHint("name the folder for them: --backup-dir DIR")}
				}
			}
			o.Out = command.OutOrStdout()
			s, err := server.Start(command.Context(), o)
			if err != nil {
				return err
			}
			if err := s.Welcome(o.Out); err != nil {
				return errors.Join(err, s.Close())
			}
			select {
			case <-command.Context().Done():
				_, _ = fmt.Fprintln(o.Out, "stopping: runs and apps are brought to a safe end")
			case err = <-s.Broken():
			}
			return errors.Join(err, s.Close())
		},
	}
	command.Flags().StringVar(&o.Address, "listen", server.DefaultAddress, "address to listen on")
	command.Flags().StringVar(&o.Data, "data", "", "folder for all data (default $XDG_DATA_HOME/aloft)")
	command.Flags().StringVar(&o.Database, "database", "", "postgres:// URL for the records; one with a password belongs into $ALOFT_DATABASE (default: SQLite in the data folder)")
	command.Flags().StringArrayVar(&o.Hosts, "host", nil, "a further host name that the server answers to; may be repeated")
	command.Flags().IntVar(&o.Workers, "workers", max(2, runtime.NumCPU()), "how many environments are worked on at the same time")
	command.Flags().DurationVar(&o.SweepEvery, "sweep-every", server.SweepEvery, "how often everything is looked at, whatever events say")
	command.Flags().StringArrayVar(&o.Limits, "limit", nil, "change a limit, NAME=VALUE; may be repeated")
	command.Flags().StringVar(&o.Confine, "confine", server.ConfineAuto, "auto: confine apps and builds to their own files where the kernel can; off: never")
	command.Flags().StringVar(&o.TLSCert, "tls-cert", "", "PEM file of the certificate to serve https with; read again when it changes")
	command.Flags().StringVar(&o.TLSKey, "tls-key", "", "PEM file of the key of --tls-cert")
	command.Flags().StringVar(&o.TokenFile, "token-file", "", "file with the token to ask for, for automation (default: one of its own)")
	command.Flags().BoolVar(&o.Forget, "forget", false, "start although records and data folder do not belong together: what is missing counts as lost for good")
	command.Flags().StringVar(&o.BackupDir, "backup-dir", "", "folder to write backups to, on a timer; not inside the data folder")
	command.Flags().DurationVar(&o.BackupEvery, "backup-every", backupEvery, "how old the newest backup in --backup-dir may become; at least 1m")
	command.Flags().IntVar(&o.BackupKeep, "backup-keep", 7, "how many backups stay in --backup-dir; 0: all")
	command.Flags().BoolVar(&o.Insecure, "insecure", false, "allow --listen on an address others can reach, although there is no TLS")
	return command
}
