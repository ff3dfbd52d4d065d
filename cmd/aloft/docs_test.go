package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestReferencesAreUpToDate: what docs/ holds is what the program prints.
func TestReferencesAreUpToDate(t *testing.T) {
	for name, file := range map[string]string{
		"cli": "cli.md", "limits": "limits.md", "manifest": "manifest.md", "schema": "aloft.schema.json", "provider": "provider.md", "openapi": "openapi.yaml",
		"options": "options.md", "variables": "variables.md",
	} {
		t.Run(name, func(t *testing.T) {
			var printed bytes.Buffer
			root := newRoot()
			root.SetArgs([]string{"reference", name})
			root.SetOut(&printed)
			if err := root.Execute(); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join("..", "..", "docs", file)
			if *update {
				if err := os.WriteFile(path, printed.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			kept, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(kept, printed.Bytes()) {
				t.Errorf("docs/%s is not what `aloft reference %s` prints: run make docs", file, name)
			}
		})
	}
}

// runElsewhere are commands of the docs that CI runs, or that a script's server
// stands for.
var runElsewhere = map[string]bool{
	"go run ./cmd/aloft demo": true, "go test ./...": true, "go install ./cmd/aloft": true, "aloft serve": true,
	"cd terraform":                  true,
	"aloft serve --data aloft-data": true, "aloft serve --backup-dir /backups --backup-every 24h --backup-keep 7": true,
}

// needsAccount are commands of others that set up accounts, and what names
// things for them: no test can run these.
var needsAccount = regexp.MustCompile(`^(az|gh|tofu) |^(export )?[A-Z_]+=|^cat <<$`)

var (
	console = regexp.MustCompile("(?s)```(?:console)?\n.*?```")
	fence   = regexp.MustCompile("(?s)```sh\n(.*?)```")
	inline  = regexp.MustCompile("`((?:aloft|git push) [^`]+)`")
	comment = regexp.MustCompile(` {2,}#.*$`)
	heredoc = regexp.MustCompile(`(?s) JSON > \S+\n.*?\nJSON`)
	number  = regexp.MustCompile(`\b[0-9]+\b`)
)

// TestEveryCommandInTheDocsIsRun: each command of the pages for users stands in a
// script.
func TestEveryCommandInTheDocsIsRun(t *testing.T) {
	scripts, err := filepath.Glob("testdata/*/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	run := map[string]bool{}
	for _, script := range scripts {
		text, err := os.ReadFile(script)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if command, ok := strings.CutPrefix(strings.TrimPrefix(strings.TrimSpace(line), "! "), "exec "); ok {
				command, _, _ = strings.Cut(command, " &")
				run[normal(strings.ReplaceAll(command, "$ALOFT_SERVER", "http://localhost:8090"))] = true
			}
		}
	}
	for _, doc := range []string{
		"README.md", "docs/quick-start.md", "docs/workflow.md", "docs/init.md", "docs/generated.md",
		"docs/environments.md", "docs/own-terraform.md", "docs/from-nubesgen.md", "docs/backup.md",
	} {
		text, err := os.ReadFile(filepath.Join("..", "..", doc))
		if err != nil {
			t.Fatal(err)
		}
		for _, command := range commandsOf(string(text)) {
			if !runElsewhere[command] && !run[normal(command)] && !needsAccount.MatchString(command) {
				t.Errorf("%s names a command that no script runs: %s", filepath.Base(doc), command)
			}
		}
	}
}

func commandsOf(text string) []string {
	var commands []string
	for _, block := range fence.FindAllStringSubmatch(text, -1) {
		for line := range strings.Lines(heredoc.ReplaceAllString(block[1], "")) {
			if line = strings.TrimSpace(comment.ReplaceAllString(strings.TrimSpace(line), "")); line != "" {
				commands = append(commands, line)
			}
		}
	}
	text = console.ReplaceAllString(fence.ReplaceAllString(text, ""), "") // what programs print is no instruction
	for _, match := range inline.FindAllStringSubmatch(text, -1) {
		commands = append(commands, match[1])
	}
	return commands
}

// normal makes commands equal that differ in a number, in quotes, or in whether
// they ask a registry, only.
func normal(command string) string {
	return number.ReplaceAllString(strings.NewReplacer("'", "", " --lock=false", "").Replace(command), "N")
}
