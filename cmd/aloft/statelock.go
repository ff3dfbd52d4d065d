package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/api"
)

// stateWatch tells people at an engine what the engine does not: whose lock they
// open, why their state was not taken, who keeps them waiting.
type stateWatch struct {
	client *api.Client
	key    aloft.EnvironmentKey
	newest int64 // of the versions that were kept aside before
	out    io.Writer
}

// watchState makes a stateWatch.
func watchState(ctx context.Context, client *api.Client, key aloft.EnvironmentKey, out io.Writer) (stateWatch, error) {
	s := stateWatch{client: client, key: key, out: out}
	aside, err := client.StatesAside(ctx, key)
	if len(aside) > 0 {
		s.newest = aside[0].Version
	}
	return s, err
}

// before refuses to open another lock than the one that is held: Terraform's
// force-unlock does not tell the server which one was named.
func (s stateWatch) before(ctx context.Context, args []string) error {
	id, asked := unlocks(args)
	if !asked {
		return nil
	}
	lock, err := s.client.StateLock(ctx, s.key)
	if aloft.ErrorCode(err) == aloft.CodeNotFound {
		return aloft.Errorf(aloft.CodeNotFound, "the state of %s is not locked", s.key)
	}
	if err != nil {
		return err
	}
	if lock.RunID != 0 {
		run, err := s.client.Run(ctx, lock.RunID)
		if err == nil && run.Status == aloft.RunRunning {
			return lock.Held(s.key)
		}
	}
	if id != lock.ID {
		return aloft.Errorf(aloft.CodeConflict, "%s is not the lock that is held: %w", id, lock.Held(s.key)).
			WithHint("is nobody at it any more? aloft terraform %s -- force-unlock %s", s.key.Environment, lock.ID)
	}
	_, err = fmt.Fprintf(s.out, "%v\n", lock.Held(s.key))
	return err
}

// unlocks returns which lock an engine is asked to open.
func unlocks(args []string) (id string, asked bool) {
	var words []string
	for _, arg := range args {
		if !strings.HasPrefix(arg, "-") {
			words = append(words, arg)
		}
	}
	if len(words) < 2 || words[0] != "force-unlock" {
		return "", false
	}
	return words[1], true
}

// after tells what may be behind the failure of an engine.
func (s stateWatch) after(ctx context.Context) {
	aside, err := s.client.StatesAside(ctx, s.key)
	for _, v := range aside {
		if err == nil && v.Aside != aloft.StateDeleted && v.RunID == 0 && v.Version > s.newest {
			printError(s.out, aloft.Errorf(aloft.CodeConflict, "the state was not taken: %s; it is kept aside as version %d", v.Aside, v.Version).
				WithHint("look at both: aloft state list %s --all; take it all the same: aloft state restore %s %d", s.key.Environment, s.key.Environment, v.Version))
		}
	}
	if lock, err := s.client.StateLock(ctx, s.key); err == nil {
		printError(s.out, lock.Held(s.key))
	}
}
