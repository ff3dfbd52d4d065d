package main

import (
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/api"
	"github.com/aloft-dev/aloft/internal/run"
	"github.com/aloft-dev/aloft/internal/terraform"
)

// report is what a command leaves for the CI job that called it.
type report struct {
	summaries []string // files that get Markdown for people
	output    string   // file that gets NAME=VALUE lines for later steps; "" = none
}

func (r *report) register(command *cobra.Command, output bool) {
	command.Flags().StringArrayVar(&r.summaries, "summary", nil, "append what came of it to `FILE`, as Markdown; may be repeated")
	if output {
		command.Flags().StringVar(&r.output, "output", "", "append url=URL of the app to `FILE`")
	}
}

// subject is what a command was about, as far as it came.
type subject struct {
	key    aloft.EnvironmentKey
	about  aloft.Operation
	here   *run.Taken  // the run, where it was taken here
	client *api.Client // else who knows it
	id     int64       // the run there; 0 = there is none
}

// write writes the report of a command that has ended with cause, and returns
// what the command is to end with.
func (r report) write(command *cobra.Command, s subject, cause error) error {
	if len(r.summaries) == 0 && r.output == "" {
		return cause
	}
	taken, err := s.taken(context.WithoutCancel(command.Context()))
	if err == nil {
		err = r.save(s, taken, cause)
	}
	switch {
	case err == nil:
		return cause
	case cause == nil:
		return err
	}
	printError(command.ErrOrStderr(), err)
	return cause
}

func (r report) save(s subject, taken run.Taken, cause error) error {
	var b strings.Builder
	writeSummary(&b, s, taken, cause)
	for _, file := range r.summaries {
		if err := appendTo(file, b.String()); err != nil {
			return err
		}
	}
	if url := mainURL(taken.URLs); r.output != "" && url != "" {
		return appendTo(r.output, "url="+url+"\n")
	}
	return nil
}

func appendTo(path, text string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return aloft.Errorf(aloft.CodeInvalid, "cannot write the report: %w", err)
	}
	_, err = file.WriteString(text)
	return errors.Join(err, file.Close())
}

// taken tells what came of the run.
func (s subject) taken(ctx context.Context) (run.Taken, error) {
	if s.here != nil {
		return *s.here, nil
	}
	if s.id == 0 {
		return run.Taken{}, nil
	}
	details, err := s.client.Run(ctx, s.id)
	if err != nil {
		return run.Taken{}, err
	}
	taken := run.Taken{Run: details.Run, Steps: details.Steps}
	if s.about == aloft.OperationPlan {
		plan, err := s.client.Plan(ctx, s.id)
		if err == nil {
			taken.Plan = &plan
		} else if aloft.ErrorCode(err) != aloft.CodeNotFound {
			return taken, err
		}
	}
	if s.about == aloft.OperationUp && details.Status == aloft.RunSucceeded {
		environment, err := s.client.Environment(ctx, s.key)
		if err != nil {
			return taken, err
		}
		taken.URLs = environment.URLs
	}
	return taken, nil
}

// mainURL is the URL that stands for the environment: that of the app "web",
// else the first by name. One that would break the file's line is none.
func mainURL(urls map[string]string) string {
	names := slices.Sorted(maps.Keys(urls))
	if len(names) == 0 {
		return ""
	}
	url, ok := urls["web"]
	if !ok {
		url = urls[names[0]]
	}
	if strings.ContainsAny(url, "\r\n") {
		return ""
	}
	return url
}

// writeSummary writes what came of a run as Markdown. Whatever programs and
// people have named, it stays text.
func writeSummary(w io.Writer, s subject, taken run.Taken, cause error) {
	_, _ = fmt.Fprintf(w, "### %s\n\n", title(s, taken, cause))
	for _, name := range slices.Sorted(maps.Keys(taken.URLs)) {
		_, _ = fmt.Fprintf(w, "- %s: %s\n", html.EscapeString(name), html.EscapeString(taken.URLs[name]))
	}
	if len(taken.URLs) > 0 {
		_, _ = fmt.Fprintln(w)
	}
	if text := failure(taken, cause); text != "" {
		writeFenced(w, "", text)
	}
	if taken.Plan != nil {
		var b strings.Builder
		terraform.WritePlan(&b, *taken.Plan)
		writeFenced(w, "diff", b.String())
	}
	if len(taken.Steps) > 0 {
		_, _ = fmt.Fprint(w, "| step | result | time |\n|---|---|---|\n")
		for _, step := range taken.Steps {
			_, _ = fmt.Fprintf(w, "| %s | %s | %s |\n", cell(step.Name), cell(resultOf(step)), aloft.Seconds(step.FinishedAt.Sub(step.StartedAt)))
		}
		_, _ = fmt.Fprintln(w)
	}
	if r := taken.Run; r.Revision != "" && !r.FinishedAt.IsZero() {
		_, _ = fmt.Fprintf(w, "Commit %.8s, %s.\n\n", r.Revision, aloft.Seconds(r.FinishedAt.Sub(r.StartedAt)))
	}
}

func title(s subject, taken run.Taken, cause error) string {
	branch := "`" + s.key.Branch() + "`"
	if s.key.Environment == "" {
		branch = "the environment"
	}
	if cause != nil {
		return fmt.Sprintf("%s: %s failed", branch, s.about)
	}
	if taken.Run.FinishedAt.IsZero() {
		return fmt.Sprintf("%s: %s goes on", branch, s.about)
	}
	switch s.about {
	case aloft.OperationPlan:
		return "Plan of " + branch
	case aloft.OperationDestroy:
		return branch + " is destroyed"
	}
	return branch + " is ready"
}

// failure is what a run or the command itself ended with, for people.
func failure(taken run.Taken, cause error) string {
	text, hint := taken.Run.Error, taken.Run.Hint
	if _, told := errors.AsType[exitCode](cause); text == "" && cause != nil && !told {
		text, hint = cause.Error(), aloft.ErrorHint(cause)
	}
	if hint != "" {
		text += "\n→ " + hint
	}
	return text
}

func resultOf(step aloft.Step) string {
	if step.Reason == "" || step.Status == aloft.StepFailed {
		return string(step.Status)
	}
	if step.Status == aloft.StepSucceeded {
		return step.Reason
	}
	return fmt.Sprintf("%s: %s", step.Status, step.Reason)
}

// cell is a text as a cell of a table.
func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ", "\r", "", "`", "'").Replace(html.EscapeString(text))
}

// longestShown is how much of a plan or an error a summary shows: comments on
// GitHub end at 65,536 characters.
const longestShown = 50_000

// writeFenced writes a text as a block of code that it cannot leave.
func writeFenced(w io.Writer, language, text string) {
	if len(text) > longestShown {
		text = text[:strings.LastIndex(text[:longestShown], "\n")+1]
		text = strings.ToValidUTF8(text, "") + "… and more, which the log shows\n"
	}
	fence := "```"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	_, _ = fmt.Fprintf(w, "%s%s\n%s\n%s\n\n", fence, language, strings.TrimRight(text, "\n"), fence)
}
