package api

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/aloft-dev/aloft"
)

// EventMessage is the data of an event of the event stream.
type EventMessage struct {
	aloft.EnvironmentKey
	RunID int64 `json:"runID,omitempty"`
}

// heartbeat is how often a silent event stream shows that it is alive.
const heartbeat = 20 * time.Second

// events streams server-sent events named "environment" and "run". Their data
// says what changed, not how: the reader asks for the new state.
func (s *Server) events(context.Context, *nothing) (*stream, error) {
	return s.stream(eventStream, func(ctx context.Context, w io.Writer) error {
		changes := s.Events.Subscribe(ctx)
		beat := time.NewTicker(heartbeat)
		defer beat.Stop()
		message := "retry: 1000\n: connected\n\n"
		for {
			if _, err := io.WriteString(w, message); err != nil {
				return err
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-beat.C:
				message = ": alive\n\n"
			case event, open := <-changes:
				if !open {
					return nil
				}
				message = eventText(event)
			}
		}
	}), nil
}

func eventText(event Event) string {
	name := "environment"
	if event.RunID != 0 {
		name = "run"
	}
	data, _ := json.Marshal(EventMessage{event.Key, event.RunID})
	return fmt.Sprintf("event: %s\ndata: %s\n\n", name, data)
}
