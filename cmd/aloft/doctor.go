package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/confine"
	"github.com/aloft-dev/aloft/internal/postgres"
	"github.com/aloft-dev/aloft/internal/server"
	"github.com/aloft-dev/aloft/internal/terraform"
)

// verdict is how a check went.
type verdict string

const (
	verdictOK      verdict = "ok"
	verdictMissing verdict = "missing" // something optional is not there
	verdictBad     verdict = "bad"     // Aloft cannot work like this
)

// finding is the result of a check.
type finding struct {
	Check   string  `json:"check"`
	Verdict verdict `json:"verdict"`
	Detail  string  `json:"detail"`
	Remedy  string  `json:"remedy,omitempty"`
}

func newDoctor(o *options) *cobra.Command {
	var data, address string
	command := &cobra.Command{
		Use:   "doctor",
		Short: "Check what Aloft needs on this machine, with a remedy for each",
		Long: `Doctor checks this machine and the server on it: that of --data, else the project's,
or the one with the usual data folder and address. Where that server answers, it tells
of what environments disk, records and state disagree, too.`,
		Args: noArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			s, err := o.siteOf(command.Context(), data, address)
			if err != nil {
				return err
			}
			findings := append(examine(command.Context(), s), o.checkAgreement(command.Context(), s)...)
			if err := o.print(command.OutOrStdout(), findings, func(w io.Writer) error {
				writeFindings(w, findings)
				return nil
			}); err != nil {
				return err
			}
			for _, f := range findings {
				if f.Verdict == verdictBad {
					return exitCode(exitFailed)
				}
			}
			return nil
		},
	}
	command.Flags().StringVar(&data, "data", "", "data folder of the server (default: that of the project's server on this machine, or $XDG_DATA_HOME/aloft)")
	command.Flags().StringVar(&address, "listen", "", "address that aloft serve would listen on (default: where that server answers, or "+server.DefaultAddress+")")
	return command
}

func examine(ctx context.Context, s site) []finding {
	findings := []finding{checkEngine(ctx), checkGit(ctx), checkPostgreSQL(), checkConfinement(ctx, s.data), checkNames(ctx, s.address), checkPort(ctx, s)}
	findings = append(findings, checkDisk("data", s.data), checkDisk("cache", aloft.CacheDir("")))
	return append(findings, checkToolchains(ctx)...)
}

func writeFindings(w io.Writer, findings []finding) {
	signs := map[verdict]string{verdictOK: "ok", verdictMissing: "--", verdictBad: "!!"}
	p := paletteFor(w)
	for _, f := range findings {
		sign := signs[f.Verdict]
		_, _ = fmt.Fprintf(w, "%s  %-12s %s\n", p.paint(sign, toneOf(sign)), f.Check, f.Detail)
		if f.Remedy != "" {
			_, _ = fmt.Fprintf(w, "    %-12s → %s\n", "", f.Remedy)
		}
	}
}

func checkEngine(ctx context.Context) finding {
	engine, err := terraform.Find(ctx, terraform.FindOptions{CacheDir: aloft.CacheDir(""), Path: os.Getenv("PATH")})
	if err == nil {
		return finding{"engine", verdictOK, engine.Why, ""}
	}
	if _, goErr := exec.LookPath("go"); goErr == nil {
		return finding{"engine", verdictMissing, err.Error(), "nothing to do: the first run gets OpenTofu, which may take 5 minutes once"}
	}
	return finding{"engine", verdictMissing, err.Error(), "install OpenTofu (opentofu.org) or Go (go.dev); with access to the releases Aloft downloads it by itself"}
}

func checkGit(ctx context.Context) finding {
	output, err := exec.CommandContext(ctx, "git", "--version").Output()
	if err != nil {
		return finding{"git", verdictBad, "git is not on the PATH", "apt-get install git, or brew install git"}
	}
	version := strings.TrimPrefix(strings.TrimSpace(string(output)), "git version ")
	var major, minor int
	if _, err := fmt.Sscanf(version, "%d.%d", &major, &minor); err == nil && (major < 2 || major == 2 && minor < 29) {
		return finding{"git", verdictBad, "git " + version + " is too old: it has no proc-receive hook", "install git 2.29 or newer"}
	}
	return finding{"git", verdictOK, "git " + version, ""}
}

func checkPostgreSQL() finding {
	version, dir, err := postgres.New(postgres.Options{}).Available()
	if err != nil {
		return finding{"postgresql", verdictMissing, err.Error(), aloft.ErrorHint(err)}
	}
	return finding{"postgresql", verdictOK, fmt.Sprintf("PostgreSQL %s in %s", version, dir), ""}
}

// checkNames looks whether programs resolve *.localhost; browsers and curl do
// it by themselves.
func checkNames(ctx context.Context, server string) finding {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	addresses, err := net.DefaultResolver.LookupHost(ctx, "alice.shop.localhost")
	if err == nil && len(addresses) > 0 {
		if ip := net.ParseIP(addresses[0]); ip != nil && ip.IsLoopback() {
			return finding{"names", verdictOK, "*.localhost resolves to " + addresses[0], ""}
		}
	}
	_, port, _ := net.SplitHostPort(server)
	return finding{"names", verdictMissing, "*.localhost does not resolve through this system; browsers and curl know it by themselves",
		fmt.Sprintf("for other programs: apt-get install libnss-myhostname, or send the Host header: curl -H 'Host: alice.shop.localhost:%s' http://127.0.0.1:%[1]s", port)}
}

func checkPort(ctx context.Context, s site) finding {
	if answersAsAloft(ctx, s.url) {
		return finding{"port", verdictOK, s.address + " is taken by a running Aloft server", ""}
	}
	listener, err := net.Listen("tcp", s.address)
	if err == nil {
		_ = listener.Close()
		return finding{"port", verdictOK, s.address + " is free", ""}
	}
	return finding{"port", verdictMissing, err.Error(), "aloft serve --listen 127.0.0.1:<another port>"}
}

func answersAsAloft(ctx context.Context, url string) bool {
	ca, _ := authorityOf(url)
	roots, err := trusted(ca)
	if err != nil {
		return false
	}
	transport := &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/healthz", nil)
	if err != nil {
		return false
	}
	response, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		return false
	}
	defer func() { _ = response.Body.Close() }()
	return response.StatusCode == http.StatusOK
}

// checkConfinement looks whether a confined process is really kept from a file.
func checkConfinement(ctx context.Context, data string) finding {
	const name = "confinement"
	version := confine.Support()
	if version == 0 {
		return finding{name, verdictMissing, server.Unconfined + ": apps and builds can read each other's files and the server's",
			"use Linux 5.19 or newer with Landlock among its security modules (lsm=landlock,… at boot), or serve only people who may see it all"}
	}
	if err := server.NewConfiner(data).Prove(ctx); err != nil {
		return finding{name, verdictBad, err.Error(), "aloft serve --confine=off runs without, if you may"}
	}
	detail := fmt.Sprintf("apps and builds reach their own files only (Landlock ABI %d, tried)", version)
	if version < 6 {
		return finding{name, verdictMissing, detail + ", but can signal other processes", "use Linux 6.12 or newer"}
	}
	return finding{name, verdictOK, detail, ""}
}

// dataPath is the usual folder for data, or where there would be one.
func dataPath() string {
	dir, err := aloft.DataDir("")
	if err != nil {
		return os.TempDir()
	}
	return dir
}

// checkAgreement tells of what environments disk, records and state disagree, where
// a server can be asked.
func (o *options) checkAgreement(ctx context.Context, s site) []finding {
	told := options{server: cmp.Or(o.server, s.noted)}
	client, err := told.client(ctx)
	if err != nil {
		return nil
	}
	environments, err := client.Environments(ctx, aloft.EnvironmentFilter{})
	if err != nil {
		return nil // other checks tell whether a server is there
	}
	var findings []finding
	for _, b := range blockages(environments) {
		findings = append(findings, finding{"agreement", verdictBad, b.String(), b.why})
	}
	missed, err := unrecorded(ctx, client, "")
	if err != nil {
		return nil
	}
	for _, key := range missed {
		findings = append(findings, finding{"agreement", verdictBad, key.String() + ": " + notRecorded, makeRecorded(key)})
	}
	if len(findings) == 0 {
		findings = append(findings, finding{"agreement", verdictOK, fmt.Sprintf("disk, records and state of %d environments agree", len(environments)), ""})
	}
	return findings
}

// lowDisk is the free space below which builds are likely to fail, in bytes.
const lowDisk = 2 << 30

func checkDisk(name, path string) finding {
	for {
		if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) || path == filepath.Dir(path) {
			break
		}
		path = filepath.Dir(path)
	}
	var stat unix.Statfs_t
	if err := unix.Statfs(path, &stat); err != nil {
		return finding{"disk " + name, verdictMissing, err.Error(), ""}
	}
	free := int64(stat.Bavail) * int64(stat.Bsize)
	detail := fmt.Sprintf("%s free for %s", size(free), path)
	if free < lowDisk {
		return finding{"disk " + name, verdictBad, detail, "free some space, or choose another folder with --data"}
	}
	return finding{"disk " + name, verdictOK, detail, ""}
}

// checkToolchains lists what can be built here.
func checkToolchains(ctx context.Context) []finding {
	var findings []finding
	for _, tool := range []struct{ name, program, flag, remedy string }{
		{"go", "go", "version", "to build Go apps: https://go.dev/dl"},
		{"node", "node", "--version", "to build Node.js apps: https://nodejs.org, or apt-get install nodejs npm"},
		{"python", "python3", "--version", "apt-get install python3 python3-venv"},
		{"java", "javac", "-version", "apt-get install default-jdk"},
		{"dotnet", "dotnet", "--version", "to build .NET apps: https://dot.net"},
		{"php", "php", "--version", "apt-get install php-cli composer"},
		{"ruby", "ruby", "--version", "apt-get install ruby bundler"},
		{"rust", "cargo", "--version", "to build Rust apps: https://rustup.rs"},
		{"container", "docker", "info", "start Docker or Podman, for apps with nothing but a Dockerfile"},
	} {
		findings = append(findings, checkToolchain(ctx, tool.name, tool.program, tool.flag, tool.remedy))
	}
	return findings
}

func checkToolchain(ctx context.Context, name, program, flag, remedy string) finding {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	path, err := exec.LookPath(program)
	if err != nil {
		return finding{name, verdictMissing, program + " is not on the PATH", remedy}
	}
	output, err := exec.CommandContext(ctx, path, flag).CombinedOutput()
	if err != nil {
		return finding{name, verdictMissing, fmt.Sprintf("%s does not work: %v", path, err), remedy}
	}
	line, _, _ := strings.Cut(strings.TrimSpace(string(output)), "\n")
	if name == "container" {
		line = "docker answers"
	}
	return finding{name, verdictOK, fmt.Sprintf("%s (%s)", line, path), ""}
}
