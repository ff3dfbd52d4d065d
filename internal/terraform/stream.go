package terraform

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	tfjson "github.com/hashicorp/terraform-json"

	"github.com/aloft-dev/aloft"
)

// message is a line of what an engine writes with -json.
type message struct {
	Text       string                   `json:"@message"`
	Time       time.Time                `json:"@timestamp"`
	Type       string                   `json:"type"`
	Diagnostic *tfjson.Diagnostic       `json:"diagnostic"`
	Change     *resourceMessage         `json:"change"`
	Hook       *resourceMessage         `json:"hook"`
	Changes    *changeCounts            `json:"changes"`
	Outputs    map[string]outputMessage `json:"outputs"`
}

type resourceMessage struct {
	Resource struct {
		Address string `json:"addr"`
		Type    string `json:"resource_type"`
	} `json:"resource"`
	Previous struct {
		Address string `json:"addr"`
	} `json:"previous_resource"` // of one that moves
	Action  string  `json:"action"`
	IDKey   string  `json:"id_key"` // the attribute that IDValue is of
	IDValue string  `json:"id_value"`
	Elapsed float64 `json:"elapsed_seconds"`
	Output  string  `json:"output"`
}

type changeCounts struct {
	Add       int    `json:"add"`
	Change    int    `json:"change"`
	Import    int    `json:"import"`
	Remove    int    `json:"remove"`
	Operation string `json:"operation"`
}

type outputMessage struct {
	Sensitive bool            `json:"sensitive"`
	Action    string          `json:"action"` // only in a plan
	Type      json.RawMessage `json:"type"`   // only after an apply
	Value     json.RawMessage `json:"value"`
}

// stream reads the messages of one command: it shows people what happens and
// keeps what the command's result is made of. It is an io.Writer for the
// engine's standard output.
type stream struct {
	*lineWriter
	log    io.Writer // nil = nobody looks
	quiet  bool      // the caller shows the plan
	folder string    // of the configuration, as people know it

	timing   aloft.Timing           // told of the planning and of every change; nil = nobody
	planning func(error)            // ends the planning; nil = it has ended
	changing map[string]func(error) // ends a change of a resource, by address and action

	changes []aloft.Change
	done    []string       // addresses of what was changed
	results []aloft.Change // changes of outputs
	drift   []aloft.Change
	differs bool // the engine said that the plan changes something
	idle    bool // the plan has no change of a resource, and none of an output that is told yet
	errors  []tfjson.Diagnostic
	outputs map[string]outputMessage
	applied bool                 // the apply ended and told its outputs
	began   map[string]time.Time // when a change of a resource began, by address and action
}

func newStream(log io.Writer) *stream {
	s := &stream{log: log, began: map[string]time.Time{}, changing: map[string]func(error){}}
	s.lineWriter = newLineWriter(s.line)
	return s
}

func (s *stream) line(line []byte) {
	var m message
	if json.Unmarshal(line, &m) != nil {
		if text := strings.TrimSpace(string(line)); text != "" {
			logLine(s.log, text)
		}
		return
	}
	s.message(m)
}

func (s *stream) message(m message) {
	switch {
	case m.Diagnostic != nil:
		s.diagnostic(*m.Diagnostic)
	case m.Type == "planned_change" && m.Change != nil:
		s.changes = appendResource(s.changes, *m.Change)
	case m.Type == "resource_drift" && m.Change != nil:
		s.drift = appendResource(s.drift, *m.Change)
	case m.Type == "change_summary" && m.Changes != nil:
		s.summary(*m.Changes)
	case m.Type == "outputs":
		s.outputs = m.Outputs
		s.planOutputs(m.Outputs)
	case m.Hook != nil:
		s.progress(m, *m.Hook)
	}
}

func (s *stream) diagnostic(d tfjson.Diagnostic) {
	if d.Severity == tfjson.DiagnosticSeverityError {
		s.errors = append(s.errors, d)
		return
	}
	logLine(s.log, "warning: "+describe(s.folder, d))
}

func (s *stream) summary(c changeCounts) {
	s.planned(nil)
	switch {
	case c.Operation != "plan":
		s.unchanged()
		s.applied = true
	case s.quiet:
	case len(s.changes) == 0:
		s.idle = true
		return
	default:
		logLine(s.log, fmt.Sprintf("Plan: %d to add, %d to change, %d to destroy.", c.Add, c.Change, c.Remove))
	}
}

// unchanged tells that a plan changes nothing, unless something else was told.
func (s *stream) unchanged() {
	if s.idle {
		logLine(s.log, "no changes")
	}
	s.idle = false
}

// Close ends the stream.
func (s *stream) Close() {
	s.lineWriter.Close()
	s.unchanged()
}

// planOutputs notes which outputs a plan changes.
func (s *stream) planOutputs(outputs map[string]outputMessage) {
	for name, output := range outputs {
		s.results = appendChange(s.results, outputType+"."+name, outputType, output.Action)
	}
	if s.idle && len(s.results) > 0 {
		s.idle = false
		logLine(s.log, fmt.Sprintf("Plan: outputs change: %d, nothing else.", len(s.results)))
	}
}

// progress shows what happens to a resource.
func (s *stream) progress(m message, h resourceMessage) {
	address, key := h.Resource.Address, h.Resource.Address+" "+h.Action
	doing, done := verbs(h.Action)
	switch m.Type {
	case "apply_start":
		s.began[key] = m.Time
		s.planned(nil)
		s.changing[key] = s.timing.Begin(address, h.Action)
		logLine(s.log, address+": "+doing)
	case "apply_progress":
		logLine(s.log, address+": still "+doing+after(elapsed(h, time.Time{}, m.Time)))
	case "apply_complete":
		s.changed(key, nil)
		if h.Action != "read" {
			s.done = append(s.done, address)
		}
		logLine(s.log, address+": "+done+after(elapsed(h, s.began[key], m.Time)))
	case "apply_errored":
		s.changed(key, errChange)
		logLine(s.log, address+": failed"+after(elapsed(h, s.began[key], m.Time)))
	case "provision_progress":
		if text := strings.TrimRight(h.Output, " \r\n"); text != "" {
			logLine(s.log, address+": "+text)
		}
	}
}

// errChange ends the time of a change that did not succeed; diagnostics tell why.
var errChange = errors.New("the change failed")

// plans begins the time of the planning.
func (s *stream) plans(timing aloft.Timing) {
	s.timing = timing
	s.planning = timing.Begin("plan", "")
}

// planned ends the time of the planning.
func (s *stream) planned(err error) {
	if s.planning != nil {
		s.planning(err)
		s.planning = nil
	}
}

// changed ends the time of a change.
func (s *stream) changed(key string, err error) {
	if ended, ok := s.changing[key]; ok {
		ended(err)
		delete(s.changing, key)
	}
}

// ended ends the time of all that the engine did not end.
func (s *stream) ended(err error) {
	s.planned(err)
	for key := range s.changing {
		s.changed(key, err)
	}
}

// elapsed returns how long a change took: by the times of its messages, which
// are finer than the whole seconds that the engine counts.
func elapsed(h resourceMessage, began, now time.Time) time.Duration {
	if took := now.Sub(began); !began.IsZero() && took >= 0 && took < time.Minute {
		return took
	}
	return time.Duration(h.Elapsed) * time.Second
}

// after writes a duration as " after 1.2s"; one that nobody notices is left out.
func after(d time.Duration) string {
	switch {
	case d < 10*time.Millisecond:
		return ""
	case d < time.Second:
		return " after " + d.Round(10*time.Millisecond).String()
	}
	return " after " + d.Round(100*time.Millisecond).String()
}

func verbs(action string) (doing, done string) {
	switch action {
	case "create":
		return "creating", "created"
	case "update":
		return "changing", "changed"
	case "delete":
		return "destroying", "destroyed"
	case "read":
		return "reading", "read"
	}
	return action, action + " done"
}

// actions are those of messages that change something.
var actions = map[string]aloft.Action{
	"create": aloft.ActionCreate, "update": aloft.ActionUpdate, "replace": aloft.ActionReplace,
	"delete": aloft.ActionDelete, "remove": aloft.ActionForget, "forget": aloft.ActionForget,
	"import": aloft.ActionImport, "move": aloft.ActionMove,
}

// appendChange adds what a message says of a resource or an output, unless it
// stays as it is.
func appendChange(list []aloft.Change, address, kind, action string) []aloft.Change {
	if known, ok := actions[action]; ok {
		list = append(list, aloft.Change{Address: address, Type: kind, Action: known, HoldsData: holdsData(kind)})
	}
	return list
}

// appendResource adds what a message says of a resource.
func appendResource(list []aloft.Change, m resourceMessage) []aloft.Change {
	before := len(list)
	list = appendChange(list, m.Resource.Address, m.Resource.Type, m.Action)
	if len(list) > before && m.Previous.Address != m.Resource.Address {
		list[before].From = m.Previous.Address
	}
	return list
}

// plan returns the plan that the messages told, and what of it was done.
func (s *stream) plan() aloft.Plan {
	plan := newPlan(s.changes, s.results, s.drift)
	plan.Done = s.done
	return plan
}
