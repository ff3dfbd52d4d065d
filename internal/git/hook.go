package git

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"

	aloft "github.com/aloft-dev/aloft"
)

const (
	hookName          = "proc-receive"
	hookURLVariable   = "ALOFT_HOOK_URL"
	hookTokenVariable = "ALOFT_HOOK_TOKEN" //nolint:gosec // a name, not a secret
)

// errGone is what the pusher reads when the server ends before the push does.
var errGone = errors.New("the server went away; the run goes on when it is back")

// RunHook is what git runs for a push, in a process of its own: it asks the
// server that received the push, shows what the server says on stderr and tells
// git which branches moved. The name is the hook's; only proc-receive is known.
// A push that is refused is no error, a conversation with git that breaks is.
func RunHook(ctx context.Context, name string, env func(string) string, stdin io.Reader, stdout, stderr io.Writer) error {
	if name != hookName {
		return aloft.Errorf(aloft.CodeInvalid, "there is no hook %q", name).WithHint("git runs this command by itself")
	}
	asked, err := readPush(stdin, stdout)
	if err != nil {
		return fmt.Errorf("cannot talk to git: %w", err)
	}
	results, err := follow(ctx, env, asked, stderr)
	if err != nil {
		fmt.Fprintf(stderr, " !    %s\n", err)
		results = refuseAll(asked.Updates, err)
	}
	if err := report(stdout, asked.Updates, results); err != nil {
		return fmt.Errorf("cannot talk to git: %w", err)
	}
	return nil
}

// readPush agrees on the protocol's version with git and reads the push.
func readPush(stdin io.Reader, stdout io.Writer) (hookRequest, error) {
	var asked hookRequest
	greeting, err := readSection(stdin)
	if err != nil {
		return asked, err
	}
	if len(greeting) != 1 {
		return asked, fmt.Errorf("a greeting of %d lines is not understood", len(greeting))
	}
	version, features, _ := strings.Cut(greeting[0], "\x00")
	if version != "version=1" {
		return asked, fmt.Errorf("%q of git's hook protocol is not understood", version)
	}
	withOptions := slices.Contains(strings.Fields(features), "push-options")
	answer := "version=1"
	if withOptions {
		answer += "\x00push-options"
	}
	if err := errors.Join(writePacket(stdout, []byte(answer)), writeFlush(stdout)); err != nil {
		return asked, err
	}
	lines, err := readSection(stdin)
	if err != nil {
		return asked, err
	}
	for _, line := range lines {
		update, err := parseUpdate(line)
		if err != nil {
			return asked, err
		}
		asked.Updates = append(asked.Updates, update)
	}
	if withOptions {
		asked.Options, err = readSection(stdin)
	}
	return asked, err
}

// follow asks the server to carry out the push, and shows what it says until it
// gives the results.
func follow(ctx context.Context, env func(string) string, asked hookRequest, stderr io.Writer) ([]aloft.RefResult, error) {
	address, token := env(hookURLVariable), env(hookTokenVariable)
	if address == "" || token == "" {
		return nil, errors.New("this repository only takes pushes through its server's address")
	}
	body, err := json.Marshal(asked)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(address, "/")+HookPath, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/json")
	client := http.Client{Transport: &http.Transport{
		DialContext:        (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
		DisableCompression: true,
	}}
	defer client.CloseIdleConnections()
	resp, err := client.Do(req)
	if err != nil {
		return nil, errGone
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 1000))
		return nil, fmt.Errorf("the server refused the push: %s", oneLine(string(text)))
	}
	lines := json.NewDecoder(resp.Body)
	for {
		var message hookMessage
		if err := lines.Decode(&message); err != nil {
			return nil, errGone
		}
		if _, err := stderr.Write(message.Log); err != nil {
			return nil, err
		}
		if message.Results != nil {
			return message.Results, nil
		}
	}
}

func refuseAll(updates []aloft.RefUpdate, err error) []aloft.RefResult {
	reason, _, _ := strings.Cut(err.Error(), ";")
	results := make([]aloft.RefResult, len(updates))
	for i, update := range updates {
		results[i] = aloft.RefResult{Ref: update.Ref, Reason: reason}
	}
	return results
}

// report tells git the result of each update. For a branch that was accepted but
// kept where it is, git's client is told another name and no move, because it
// would otherwise believe, and remember, that the branch moved.
func report(stdout io.Writer, updates []aloft.RefUpdate, results []aloft.RefResult) error {
	var lines []string
	for i, result := range results {
		if i >= len(updates) || result.Ref != updates[i].Ref {
			return errors.New("the server's results do not match the push")
		}
		if result.Reason != "" {
			lines = append(lines, "ng "+result.Ref+" "+oneLine(result.Reason))
			continue
		}
		lines = append(lines, "ok "+result.Ref)
		if result.Kept {
			lines = append(lines, keep(updates[i])...)
		}
	}
	var out bytes.Buffer
	for _, line := range lines {
		if err := writePacket(&out, []byte(line)); err != nil {
			return err
		}
	}
	writeFlush(&out)
	_, err := out.WriteTo(stdout)
	return err
}

// keep is the part of a report that stops the client from moving its own idea of
// a branch.
func keep(update aloft.RefUpdate) []string {
	note, id := " (not moved)", update.Old
	switch {
	case update.New == "":
		note = " (not deleted)"
	case update.Old == "":
		note, id = " (not made)", update.New
	}
	lines := []string{"option refname " + strings.TrimPrefix(update.Ref, heads) + note}
	if id != "" {
		lines = append(lines, "option old-oid "+id, "option new-oid "+id)
	}
	return lines
}

// oneLine makes a text fit for a line of git's report.
func oneLine(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r):
			return ' '
		case unicode.Is(unicode.Bidi_Control, r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
	text = strings.Join(strings.Fields(text), " ")
	if runes := []rune(text); len(runes) > 300 {
		text = string(runes[:299]) + "…"
	}
	return text
}
