package azure

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// Lines of an app that are shown when it fails.
const (
	lastLines   = 20
	longestLine = 64 << 10 // bytes
)

// replica is one running copy of a revision, or of a job's execution.
type replica struct {
	Name       string `json:"name"`
	Properties struct {
		Containers []container `json:"containers"`
	} `json:"properties"`
}

type container struct {
	Ready    bool   `json:"ready"`
	Restarts int    `json:"restartCount"`
	Stream   string `json:"logStreamEndpoint"`
}

func containersOf(replicas []replica) []container {
	var list []container
	for _, r := range replicas {
		list = append(list, r.Properties.Containers...)
	}
	return list
}

func (a *containerApp) replicas(ctx context.Context, revision string) ([]replica, error) {
	return a.replicasOf(ctx, a.id+"/revisions/"+revision)
}

func (t *Target) replicasOf(ctx context.Context, path string) ([]replica, error) {
	var list struct {
		Value []replica `json:"value"`
	}
	_, err := t.client.send(ctx, call{doing: "list the replicas", url: path + "/replicas", version: containerAppVersion}, &list)
	return list.Value, err
}

// showLastLines writes the end of what a revision said. That it cannot be had is
// told, and no error: there is one already.
func (a *containerApp) showLastLines(ctx context.Context, revision string) {
	if revision == "" {
		return
	}
	replicas, err := a.replicas(ctx, revision)
	if err != nil {
		a.say("the last lines of %s cannot be had: %s", revision, err)
		return
	}
	for _, r := range replicas {
		for _, c := range r.Properties.Containers {
			if c.Stream == "" {
				continue
			}
			a.say("the last lines of %s:", r.Name)
			if err := a.stream(ctx, a.id, c.Stream, lastLines, false, prefixed{a.Request}); err != nil {
				a.say("  they cannot be had: %s", err)
			}
			return
		}
	}
	a.say("%s has no replica, so it has written nothing", revision)
}

// prefixed marks the lines of an app.
type prefixed struct{ Request }

func (p prefixed) Write(line []byte) (int, error) {
	p.say("  | %s", strings.TrimRight(string(line), "\r\n"))
	return len(line), nil
}

// stream reads the log of a container line by line, with a token that is good for
// the logs of its app only: the last lines, and with follow what comes until it
// ends.
func (t *Target) stream(ctx context.Context, owner, endpoint string, lines int, follow bool, w io.Writer) error {
	token, err := t.streamToken(ctx, owner)
	if err != nil {
		return err
	}
	address, err := url.Parse(endpoint)
	if err != nil || address.Scheme != "https" {
		return errors.New("the log is not at an https URL")
	}
	query := address.Query()
	query.Set("tailLines", strconv.Itoa(lines))
	query.Set("follow", strconv.FormatBool(follow))
	query.Set("output", "text")
	address.RawQuery = query.Encode()
	client := &http.Client{Transport: t.options.Transport, CheckRedirect: stay}
	if !follow {
		client.Timeout = streamTime
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), nil)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d", response.StatusCode)
	}
	return copyLines(w, response.Body)
}

// copyLines hands on lines; what comes after the time is up is not missed.
func copyLines(w io.Writer, r io.Reader) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, longestLine)
	for lines.Scan() {
		if _, err := fmt.Fprintf(w, "%s\n", lines.Bytes()); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil && !isTimeout(err) {
		return err
	}
	return nil
}

func isTimeout(err error) bool {
	late, ok := errors.AsType[interface {
		error
		Timeout() bool
	}](err)
	return ok && late.Timeout()
}

func (t *Target) streamToken(ctx context.Context, owner string) (string, error) {
	var answer struct {
		Properties struct {
			Token string `json:"token"`
		} `json:"properties"`
	}
	x := call{doing: "ask for a token to read the log", method: http.MethodPost, url: owner + "/getAuthToken", version: containerAppVersion}
	_, err := t.client.send(ctx, x, &answer)
	return answer.Properties.Token, err
}
