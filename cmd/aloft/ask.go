package main

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/blueprint"
)

// questions asks a person, line by line: it works in every terminal, and with a
// screen reader.
type questions struct {
	terminal    bool
	interrupted <-chan struct{} // closed by Ctrl-C
	in          *bufio.Reader
	out         io.Writer
}

func newQuestions(command *cobra.Command) questions {
	in := command.InOrStdin()
	file, ok := in.(*os.File)
	return questions{
		interrupted: command.Context().Done(),
		terminal:    ok && term.IsTerminal(int(file.Fd())),
		in:          bufio.NewReader(in),
		out:         command.OutOrStdout(),
	}
}

// line asks for one line; an empty one is the usual answer.
func (q questions) line(question, usual string) (string, error) {
	_, _ = fmt.Fprintf(q.out, "%s [%s]: ", question, usual)
	type answered struct {
		text string
		err  error
	}
	answers := make(chan answered, 1)
	go func() { // a read of a terminal cannot be stopped; after Ctrl-C nobody waits for it
		text, err := q.in.ReadString('\n')
		answers <- answered{text, err}
	}()
	var answer answered
	select {
	case <-q.interrupted:
		_, _ = fmt.Fprintln(q.out, "\nnothing is written")
		return "", context.Canceled
	case answer = <-answers:
	}
	if answer.err != nil && answer.text == "" {
		_, _ = fmt.Fprintln(q.out)
		return "", aloft.Errorf(aloft.CodeCanceled, "no answer: nothing is written")
	}
	return cmp.Or(strings.TrimSpace(answer.text), usual), nil
}

// yes asks a question that is answered by yes or no; yes is usual.
func (q questions) yes(question string) (bool, error) {
	for {
		answer, err := q.line(question, "yes")
		if err != nil {
			return false, err
		}
		switch strings.ToLower(answer) {
		case "y", "yes":
			return true, nil
		case "n", "no":
			return false, nil
		}
		_, _ = fmt.Fprintln(q.out, "yes or no?")
	}
}

// one asks for one of the options, by its name or its number.
func (q questions) one(question, usual string, list []blueprint.Option) (string, error) {
	_, _ = fmt.Fprintln(q.out, question)
	for i, option := range list {
		detail := option.Title
		if option.Cost != "" {
			detail += ", cost: " + string(option.Cost)
		}
		if option.Detail != "" {
			detail += ". " + option.Detail
		}
		_, _ = fmt.Fprintf(q.out, "  %d) %-16s %s\n", i+1, option.Value, detail)
	}
	for {
		answer, err := q.line("Number or name", usual)
		if err != nil {
			return "", err
		}
		for i, option := range list {
			if answer == option.Value || answer == fmt.Sprint(i+1) {
				return option.Value, nil
			}
		}
		_, _ = fmt.Fprintf(q.out, "%q is none of them.\n", answer)
	}
}

// region asks for a region by its name: they are too many to be numbered.
func (q questions) region(usual string) (string, error) {
	list := blueprint.Regions(blueprint.TargetAzure)
	for {
		answer, err := q.line("Azure region", usual)
		if err != nil {
			return "", err
		}
		names := make([]string, len(list))
		for i, option := range list {
			if answer == option.Value {
				return answer, nil
			}
			names[i] = option.Value
		}
		_, _ = fmt.Fprintf(q.out, "%q is none of them: %s\n", answer, strings.Join(names, ", "))
	}
}

// choose asks what the source tree cannot tell and no flag has told: the target,
// and there the region and how each app is hosted.
func (q questions) choose(c *blueprint.Choices, given url.Values) error {
	ask := func(flag, question string, place *string, list []blueprint.Option) error {
		if given.Has(flag) || given.Has("app") && flag == "hosting" {
			return nil
		}
		answer, err := q.one(question, *place, list)
		*place = answer
		return err
	}
	complete := c.Complete()
	c.Target = complete.Target
	if err := ask("target", "Where shall environments be made?", &c.Target, blueprint.Targets()); err != nil {
		return err
	}
	if c.Target != blueprint.TargetAzure {
		return nil
	}
	if !given.Has("region") {
		answer, err := q.region(complete.Region)
		if err != nil {
			return err
		}
		c.Region = answer
	}
	for i := range c.Apps {
		if c.Apps[i].Hosting != "" {
			continue
		}
		c.Apps[i].Hosting = c.Complete().Apps[i].Hosting
		list := possible(*c, i)
		if len(list) == 0 {
			continue // something else does not go, and the check of all choices says what
		}
		question := fmt.Sprintf("What shall run %s (%s)?", c.Apps[i].Name, c.Apps[i].Runtime)
		if err := ask("hosting", question, &c.Apps[i].Hosting, list); err != nil {
			return err
		}
	}
	return nil
}

// possible lists the hostings that an app can have.
func possible(c blueprint.Choices, app int) []blueprint.Option {
	var list []blueprint.Option
	for _, option := range blueprint.Hostings(c.Target) {
		try := c
		try.Apps = append([]blueprint.App(nil), c.Apps...)
		try.Apps[app].Hosting, try.Apps[app].Tier = option.Value, ""
		if len(try.Complete().Check()) == 0 {
			list = append(list, option)
		}
	}
	return list
}
