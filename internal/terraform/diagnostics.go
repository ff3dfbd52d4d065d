package terraform

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	tfjson "github.com/hashicorp/terraform-json"

	"github.com/aloft-dev/aloft"
)

const (
	maxDetail      = 1500 // characters of a diagnostic's detail that are shown
	maxDiagnostics = 5    // errors of one command that are shown
)

var (
	needsInit       = regexp.MustCompile(`\b(terraform|tofu) init\b|plugin schemas|[Ii]nstantiate provider|module manifest|backend configuration|^Failed to load state`)
	lockSummary     = "Error acquiring the state lock"
	lockField       = regexp.MustCompile(`(?m)^\s*(ID|Operation|Who|Created):[ \t]*(.*\S)`)
	lockRefused     = regexp.MustCompile(`HTTP remote state endpoint (requires|invalid) auth`)
	lockHeld        = regexp.MustCompile(`already locked: ID=([0-9A-Za-z-]+)`)
	unsetState      = regexp.MustCompile(`"([a-z_]+)": required field is not set|"([a-z_]+)" is required by the backend`)
	unreadableState = regexp.MustCompile(`Unsupported state file format|Invalid (OpenTofu|Terraform) version string`)
	unsetInput      = regexp.MustCompile(`(?i)\bfor (required |input )?variable\b|undeclared variable`)
)

// inRepository returns how people know a file of the configuration in folder:
// relative to the repository. What an engine names by its whole path is
// shortened by presentable.
func inRepository(folder, file string) string {
	if filepath.IsAbs(file) {
		return file
	}
	return path.Join(folder, filepath.ToSlash(file))
}

// describe writes a diagnostic of the configuration in folder for people: where,
// what, and why. The snippet with its values is left out: it may hold secrets.
func describe(folder string, d tfjson.Diagnostic) string {
	var b strings.Builder
	switch {
	case d.Range != nil && d.Range.Filename != "":
		fmt.Fprintf(&b, "%s:%d: ", inRepository(folder, d.Range.Filename), d.Range.Start.Line)
		if strings.Contains(d.Address, "[") || strings.HasPrefix(d.Address, "module.") {
			b.WriteString(d.Address + ": ") // one of several that the line stands for
		}
	case d.Address != "":
		b.WriteString(d.Address + ": ")
	}
	b.WriteString(strings.TrimSuffix(strings.Join(strings.Fields(d.Summary), " "), "."))
	if detail := paragraph(d.Detail); detail != "" {
		b.WriteString(": " + detail)
	}
	return b.String()
}

// paragraph joins the wrapped lines of a detail and shortens it.
func paragraph(detail string) string {
	detail = strings.Join(strings.Fields(detail), " ")
	if runes := []rune(detail); len(runes) > maxDetail {
		detail = string(runes[:maxDetail]) + "…"
	}
	return strings.TrimSuffix(detail, ".")
}

// canceled is the error of what was stopped while doing something.
func canceled(doing string, cause error) error {
	return aloft.Errorf(aloft.CodeCanceled, "%s was stopped: %w", doing, cause)
}

// failure makes one error of what a command told and how it ended; nil if it
// ended well.
func (e *Engine) failure(ctx context.Context, c aloft.Configuration, verb string, diagnostics []tfjson.Diagnostic, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return aloft.Errorf(aloft.CodeCanceled, "cannot %s %s: it was stopped: %w", verb, c.Key, ctx.Err()).
			WithHint("what had changed until then is in the state: the same command goes on from there")
	}
	if len(diagnostics) == 0 {
		return aloft.Errorf(aloft.CodeFailed, "cannot %s %s: %s ended without saying why: %w", verb, c.Key, e.Name(), err)
	}
	diagnostics = scrubbed(c, diagnostics)
	for _, d := range diagnostics {
		if d.Summary == lockSummary {
			return lockError(c, verb, d)
		}
	}
	return aloft.Errorf(aloft.CodeFailed, "cannot %s %s: %s", verb, c.Key, presentable(c, listing(c.Folder, diagnostics))).
		WithHint("%s", presentable(c, cmp.Or(stateHint(c.Key, said(diagnostics)), hintFor(c.Folder, diagnostics))))
}

// said is all that diagnostics say.
func said(diagnostics []tfjson.Diagnostic) string {
	var b strings.Builder
	for _, d := range diagnostics {
		b.WriteString(d.Summary + " " + d.Detail + "\n")
	}
	return b.String()
}

// scrubbed masks the secrets of c in diagnostics before they are shortened or
// joined: half of a secret would not be found.
func scrubbed(c aloft.Configuration, diagnostics []tfjson.Diagnostic) []tfjson.Diagnostic {
	secrets := secretsOf(c)
	list := slices.Clone(diagnostics)
	for i := range list {
		list[i].Summary, list[i].Detail = secrets.scrub(list[i].Summary), secrets.scrub(list[i].Detail)
	}
	return list
}

// presentable masks the secrets of c in text and shortens the paths of this
// machine to what the reader knows them by.
func presentable(c aloft.Configuration, text string) string {
	dir, folder := absolute(c.Dir)+string(filepath.Separator), ""
	if c.Folder != "" && c.Folder != "." {
		folder = c.Folder + "/"
	}
	text = strings.ReplaceAll(text, dir, folder)
	if file := absolute(c.VarFile); c.VarFile != "" && !strings.HasPrefix(file, dir) {
		text = strings.ReplaceAll(text, file, filepath.Join(filepath.Base(filepath.Dir(file)), filepath.Base(file)))
	}
	return secretsOf(c).scrub(text)
}

func listing(folder string, diagnostics []tfjson.Diagnostic) string {
	var lines []string
	seen := map[string]bool{}
	for _, d := range diagnostics {
		line := describe(folder, d)
		if !seen[line] {
			seen[line] = true
			lines = append(lines, line)
		}
	}
	if more := len(lines) - maxDiagnostics; more > 0 {
		lines = append(lines[:maxDiagnostics], fmt.Sprintf("and %d more", more))
	}
	return strings.Join(lines, "\n")
}

func hintFor(folder string, diagnostics []tfjson.Diagnostic) string {
	d := diagnostics[0]
	if lacks := unsetState.FindStringSubmatch(d.Summary + " " + d.Detail); lacks != nil {
		name := cmp.Or(lacks[1], lacks[2])
		return fmt.Sprintf("where the state is kept is not told: set ALOFT_BACKEND_%s, or %s in the backend block; docs/workflow.md has all of it", strings.ToUpper(name), name)
	}
	switch {
	case d.Range != nil && strings.HasSuffix(d.Range.Filename, ".tfvars"):
		return "correct " + inRepository(folder, d.Range.Filename) + " and push again"
	case d.Range != nil && d.Range.Filename != "":
		return fmt.Sprintf("look at %s, line %d, then push again", inRepository(folder, d.Range.Filename), d.Range.Start.Line)
	case strings.Contains(d.Summary, "query available provider"):
		return "check the provider's source in required_providers, and whether this machine reaches its registry"
	}
	return "correct it and push again; what had changed until then is in the state"
}

// stateHint says what to do when a backend did not take a state, or its newest one
// cannot be read; "" = it is not about that. A backend's own words are shown by no
// engine.
func stateHint(key aloft.EnvironmentKey, said string) string {
	switch {
	case strings.Contains(said, "HTTP error: 413"):
		return "the state is larger than the server takes: start it with aloft serve --limit state-size=SIZE, more than docs/limits.md says, then push again: " + keptState
	case strings.Contains(said, "HTTP error: 409"):
		return fmt.Sprintf("somebody else has written the state meanwhile, or opened its lock: aloft state list %s --all; push again: Aloft goes on from the newest version", key.Environment)
	case strings.Contains(said, "Error saving state"):
		return "push again: " + keptState
	case strings.Contains(said, "state file is encrypted"):
		return "the state was encrypted by an earlier push: put its encryption block and key back, and push again"
	case unreadableState.MatchString(said):
		return fmt.Sprintf("the newest version of the state cannot be read: take an earlier one, aloft state list %[1]s, aloft state restore %[1]s VERSION; if there is none: aloft destroy %[1]s --force", key.Environment)
	}
	return ""
}

const keptState = "the state that was not taken is kept until then, and stored first"

// lockError tells who holds the state's lock. Of a lock at an HTTP backend
// Terraform knows the ID only: it shows the lock it wanted as if that were held.
func lockError(c aloft.Configuration, verb string, d tfjson.Diagnostic) error {
	field := map[string]string{}
	for _, match := range lockField.FindAllStringSubmatch(d.Detail, -1) {
		field[match[1]] = match[2]
	}
	holder := fmt.Sprintf(" by %s since %s (%s)", field["Who"], field["Created"], strings.TrimPrefix(field["Operation"], "OperationType"))
	id := field["ID"]
	if held := lockHeld.FindStringSubmatch(d.Detail); held != nil && held[1] != id {
		holder, id = "", held[1]
	}
	if id == "" {
		code := aloft.CodeConflict
		if lockRefused.MatchString(d.Detail) {
			code = aloft.CodeFailed // nobody holds it
		}
		return aloft.Errorf(code, "cannot %s %s: its state cannot be locked: %s",
			verb, c.Key, presentable(c, paragraph(d.Detail)))
	}
	return aloft.Errorf(aloft.CodeConflict, "cannot %s %s: its state is locked%s, lock %s", verb, c.Key, holder, id).
		WithHint("wait until that has ended and push again; if nobody is at it: aloft terraform %s -- force-unlock %s",
			c.Key.Environment, id)
}

// needInit reports whether the folder of the engine is missing or broken.
func needInit(diagnostics []tfjson.Diagnostic) bool {
	for _, d := range diagnostics {
		if needsInit.MatchString(d.Summary) || needsInit.MatchString(d.Detail) {
			return true
		}
	}
	return false
}

// misconfigured reports whether the diagnostics blame what the user gave.
func misconfigured(diagnostics []tfjson.Diagnostic) bool {
	for _, d := range diagnostics {
		if unsetInput.MatchString(d.Summary) || d.Range != nil && strings.HasSuffix(d.Range.Filename, ".tfvars") {
			return true
		}
	}
	return false
}

// invalid turns a failure into one of the input.
func invalid(err error) error {
	if e, ok := errors.AsType[*aloft.Error](err); ok && e.Code == aloft.CodeFailed {
		e.Code = aloft.CodeInvalid
	}
	return err
}

// configurationErrors drops the introduction that init puts before the errors
// of a configuration.
func configurationErrors(diagnostics []tfjson.Diagnostic) []tfjson.Diagnostic {
	told := slices.DeleteFunc(slices.Clone(diagnostics), func(d tfjson.Diagnostic) bool {
		return d.Range == nil && strings.Contains(d.Summary, "encountered problems during initiali")
	})
	if len(told) == 0 {
		return diagnostics
	}
	return told
}

// blamesConfiguration reports whether the errors of an init come from what is
// written in the configuration, not from fetching what it needs.
func blamesConfiguration(diagnostics []tfjson.Diagnostic) bool {
	return slices.ContainsFunc(diagnostics, func(d tfjson.Diagnostic) bool {
		return d.Range != nil && !strings.HasPrefix(d.Summary, "Failed to") && !strings.HasPrefix(d.Summary, "Could not")
	})
}
