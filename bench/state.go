package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/aloft-dev/aloft"
)

// How much is written. What one state gets stays below aloft.StateVersionsKept,
// so that every version must still be there.
const (
	manyWriters    = 100
	versionsEach   = 10
	fewWriters     = 20
	versionsShared = 2 // by each of the few
)

func measureState(ctx context.Context, l *lab) (map[string]reading, error) {
	readings := map[string]reading{}
	s, err := l.serve(ctx, "state")
	if err != nil {
		return readings, err
	}
	defer s.stop()
	if _, err := s.client().CreateProject(ctx, "bench-state"); err != nil {
		return readings, err
	}
	if readings["100 writers on 100 states: lost versions"], err = manyStates(ctx, s); err != nil {
		return readings, err
	}
	if readings["20 writers on one state: lost versions"], err = oneState(ctx, s); err != nil {
		return readings, err
	}
	readings["1,000-resource apply"], err = measureApply(ctx, s)
	return readings, err
}

// manyStates lets every writer write its own state.
func manyStates(ctx context.Context, s *server) (reading, error) {
	return writes(ctx, s, manyWriters, versionsEach, func(i int) aloft.EnvironmentKey {
		return aloft.EnvironmentKey{Project: "bench-state", Environment: fmt.Sprintf("w%d", i)}
	})
}

// oneState lets all writers add to the same state.
func oneState(ctx context.Context, s *server) (reading, error) {
	return writes(ctx, s, fewWriters, versionsShared, func(int) aloft.EnvironmentKey {
		return aloft.EnvironmentKey{Project: "bench-state", Environment: "shared"}
	})
}

// writes lets writers write at the same time, and counts the versions that were
// acknowledged and are not there.
func writes(ctx context.Context, s *server, writers, versions int, keyOf func(int) aloft.EnvironmentKey) (reading, error) {
	var group errgroup.Group
	var refused atomic.Int64
	began := time.Now()
	for i := range writers {
		group.Go(func() error {
			w := &stateWriter{server: s, key: keyOf(i), name: fmt.Sprintf("writer-%d", i), refused: &refused}
			for range versions {
				if err := w.write(ctx); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return reading{}, err
	}
	took := since(began)
	wanted := map[aloft.EnvironmentKey]int{}
	for i := range writers {
		wanted[keyOf(i)] += versions
	}
	lost := 0
	for key, count := range wanted {
		missing, err := lostOf(ctx, s, key, count)
		if err != nil {
			return reading{}, err
		}
		lost += missing
	}
	return reading{Value: float64(lost), Note: fmt.Sprintf("%d versions, %.0f/s, %d times locked by another",
		writers*versions, float64(writers*versions)/took, refused.Load())}, nil
}

// lostOf counts what is missing of a state that so many versions were written
// of: each version in the history, and in the newest one every write before it.
func lostOf(ctx context.Context, s *server, key aloft.EnvironmentKey, count int) (int, error) {
	client := s.client()
	versions, err := client.StateVersions(ctx, key)
	if err != nil {
		return 0, err
	}
	kept := map[int64]bool{}
	for _, version := range versions {
		kept[version.Serial] = true
	}
	newest, err := client.State(ctx, key, 0)
	if err != nil {
		return 0, err
	}
	var state stateDocument
	if err := json.Unmarshal(newest, &state); err != nil {
		return 0, err
	}
	lost := max(0, count-len(state.Outputs))
	for serial := range int64(count) {
		if !kept[serial+1] {
			lost++
		}
	}
	return lost, nil
}

// stateDocument is a state as the engines write it, as far as it matters here.
type stateDocument struct {
	Version   int                       `json:"version"`
	Serial    int64                     `json:"serial"`
	Lineage   string                    `json:"lineage"`
	Outputs   map[string]map[string]any `json:"outputs"`
	Resources []any                     `json:"resources"`
}

// stateWriter does what an engine does with a state.
type stateWriter struct {
	server  *server
	key     aloft.EnvironmentKey
	name    string
	count   int
	refused *atomic.Int64
}

// patience is the pause before a state that is locked is tried again.
const patience = 5 * time.Millisecond

// write locks the state, reads it, writes it with one output more and unlocks it.
func (w *stateWriter) write(ctx context.Context) error {
	w.count++
	id := fmt.Sprintf("%s-%d", w.name, w.count)
	lock, _ := json.Marshal(aloft.Lock{ID: id, Operation: "bench", Who: w.name, Created: time.Now()})
	for {
		status, _, err := w.call(ctx, "LOCK", "", lock)
		if err != nil {
			return err
		}
		if status == http.StatusOK {
			break
		}
		if status != http.StatusLocked {
			return fmt.Errorf("LOCK answered %d", status)
		}
		w.refused.Add(1)
		time.Sleep(patience)
	}
	return errors.Join(w.add(ctx, id), w.expect(ctx, "UNLOCK", "", lock))
}

func (w *stateWriter) add(ctx context.Context, id string) error {
	state := stateDocument{Version: 4, Lineage: w.key.String(), Outputs: map[string]map[string]any{}, Resources: []any{}}
	status, body, err := w.call(ctx, "GET", "", nil)
	if err == nil && status == http.StatusOK {
		err = json.Unmarshal(body, &state)
	}
	if err != nil {
		return err
	}
	state.Serial++
	state.Outputs[id] = map[string]any{"value": id, "type": "string"}
	next, err := json.Marshal(state)
	if err != nil {
		return err
	}
	return w.expect(ctx, "POST", "?ID="+id, next)
}

func (w *stateWriter) expect(ctx context.Context, method, query string, body []byte) error {
	status, answer, err := w.call(ctx, method, query, body)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("%s answered %d: %s", method, status, answer)
	}
	return err
}

func (w *stateWriter) call(ctx context.Context, method, query string, body []byte) (int, []byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, w.server.stateURL(w.key)+query, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	request.SetBasicAuth("aloft", w.server.token)
	response, err := stateClient.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	return response.StatusCode, answer, err
}

var stateClient = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: manyWriters}, Timeout: time.Minute}

func (s *server) stateURL(key aloft.EnvironmentKey) string {
	return "http://" + s.address + "/state/" + key.String()
}
