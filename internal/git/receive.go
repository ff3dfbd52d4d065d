package git

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	aloft "github.com/aloft-dev/aloft"
)

// HookPath is where the hook reaches the server. Its requests carry the secret of
// the push they belong to; whatever routes requests must hand them to the Remote.
const HookPath = "/-/hook/receive"

// hookRequest is what the hook asks: carry out this push.
type hookRequest struct {
	Updates []aloft.RefUpdate `json:"updates"`
	Options []string          `json:"options"`
}

// hookMessage is one line of the answer: something to show, or the end.
type hookMessage struct {
	Log     []byte            `json:"log,omitempty"`
	Results []aloft.RefResult `json:"results,omitempty"`
}

const maxHookRequest = 64 << 20

// serveHook hands a push to the Receiver and streams what it says. An answer
// without results tells the hook that the server went away.
func (r *Remote) serveHook(w http.ResponseWriter, req *http.Request) {
	token, _ := strings.CutPrefix(req.Header.Get("Authorization"), "Bearer ")
	push, ok := r.sessions.take(token)
	if !ok {
		http.Error(w, "this push is not known here", http.StatusForbidden)
		return
	}
	var asked hookRequest
	if err := json.NewDecoder(http.MaxBytesReader(w, req.Body, maxHookRequest)).Decode(&asked); err != nil {
		http.Error(w, "the push is not understood", http.StatusBadRequest)
		return
	}
	io.Copy(io.Discard, req.Body)
	ctx, cancel := context.WithCancel(req.Context())
	defer cancel()
	defer context.AfterFunc(push.ctx, cancel)()
	defer context.AfterFunc(r.base, cancel)()

	stream := &stream{encoder: json.NewEncoder(w), flush: http.NewResponseController(w).Flush}
	w.Header().Set("Content-Type", "application/x-ndjson")
	w.WriteHeader(http.StatusOK)
	stream.flush()
	results := r.receive(ctx, push, asked, stream)
	if r.base.Err() != nil {
		results = nil
	}
	stream.end(results)
}

// receive refuses the updates that git must never carry out, and asks the
// Receiver about the others.
func (r *Remote) receive(ctx context.Context, push *session, asked hookRequest, progress io.Writer) []aloft.RefResult {
	reasons := r.refusals(ctx, push.project, asked)
	wanted := aloft.Push{Project: push.project, Actor: push.actor, Options: asked.Options, ReceivedAt: push.began}
	for i, update := range asked.Updates {
		if reasons[i] == "" {
			wanted.Updates = append(wanted.Updates, update)
		}
	}
	answers := make(map[string]aloft.RefResult)
	if len(wanted.Updates) > 0 {
		for _, answer := range r.options.Receiver.Receive(ctx, wanted, progress) {
			answers[answer.Ref] = answer
		}
	}
	results := make([]aloft.RefResult, len(asked.Updates))
	for i, update := range asked.Updates {
		answer, ok := answers[update.Ref]
		switch {
		case reasons[i] != "":
			answer = aloft.RefResult{Ref: update.Ref, Reason: reasons[i]}
		case !ok:
			answer = aloft.RefResult{Ref: update.Ref, Reason: "the server did not answer for this branch"}
		}
		results[i] = answer
	}
	return results
}

// refusals returns why each update cannot be carried out, "" for those that can.
// Git leaves these checks to the hook.
func (r *Remote) refusals(ctx context.Context, project string, asked hookRequest) []string {
	reasons := make([]string, len(asked.Updates))
	commits, err := r.commits(ctx, project, asked.Updates)
	seen := make(map[string]bool)
	for i, update := range asked.Updates {
		reasons[i] = refusal(update, seen[update.Ref], commits)
		if reasons[i] == "" && err != nil {
			reasons[i] = "the commit cannot be looked up"
		}
		seen[update.Ref] = true
	}
	return reasons
}

func refusal(update aloft.RefUpdate, seen bool, commits map[string]bool) string {
	name, ok := strings.CutPrefix(update.Ref, heads)
	switch {
	case !ok || !validName(name):
		return "this is not a valid branch name: " + nameRule
	case seen:
		return "the branch is named twice in this push"
	case update.New == "":
		return ""
	case validateID(update.New) != nil:
		return "this is not a commit"
	case commits != nil && !commits[update.New]:
		return "a branch can only point at a commit"
	}
	return ""
}

// commits tells which of the ids that the updates want are commits. It asks git
// once, however many there are.
func (r *Remote) commits(ctx context.Context, project string, updates []aloft.RefUpdate) (map[string]bool, error) {
	repository, err := r.repository(project)
	if err != nil {
		return nil, err
	}
	var ids strings.Builder
	for _, update := range updates {
		if validateID(update.New) == nil {
			ids.WriteString(update.New + "\n")
		}
	}
	out, err := r.output(ctx, repository, strings.NewReader(ids.String()), "cat-file", "--batch-check=%(objecttype) %(objectname)")
	if err != nil {
		return nil, fmt.Errorf("cannot look up commits of %s: %w", project, err)
	}
	commits := make(map[string]bool)
	for line := range strings.Lines(string(out)) {
		if id, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "commit "); ok {
			commits[id] = true
		}
	}
	return commits, nil
}

// stream writes the lines of an answer, each sent on at once.
type stream struct {
	mu      sync.Mutex
	encoder *json.Encoder
	flush   func() error
	ended   bool
}

var errEnded = errors.New("the push has ended")

// Write sends a piece of what the pusher is shown.
func (s *stream) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return 0, errEnded
	}
	if len(p) == 0 {
		return 0, nil
	}
	if err := s.encoder.Encode(hookMessage{Log: p}); err != nil {
		return 0, err
	}
	return len(p), s.flush()
}

// end sends the results, if there are any. Nothing can be written afterwards.
func (s *stream) end(results []aloft.RefResult) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	if len(results) > 0 {
		s.encoder.Encode(hookMessage{Results: results})
		s.flush()
	}
}
