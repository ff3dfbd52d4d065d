package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"syscall"
	"time"
)

// freezeLong lets the server stand still for longer than a lease of any kind
// would be held for it.
func freezeLong(ctx context.Context, r *round) (string, error) {
	took := r.pause(ctx, randomly)
	if err := r.server.signal(syscall.SIGSTOP); err != nil {
		return "", err
	}
	stands := 15 * time.Second
	if r.long {
		stands = time.Minute
	}
	lookOn(ctx, stands)
	return fmt.Sprintf("%s after the start, for %s", took, stands), r.server.signal(syscall.SIGCONT)
}

// secondServer starts another server with the same data: it has to refuse, and
// the first to go on.
func secondServer(ctx context.Context, r *round) (string, error) {
	moment := fmt.Sprintf("%s after the start", r.pause(ctx, randomly))
	address, err := freeAddress()
	if err != nil {
		return moment, err
	}
	thaw := func() error { return nil }
	if r.random.IntN(2) == 0 {
		moment += ", the first frozen"
		err = r.server.signal(syscall.SIGSTOP)
		thaw = func() error { return r.server.signal(syscall.SIGCONT) }
	}
	said, refusal := r.server.refuses(ctx, address)
	if refusal != nil {
		r.broke(wrong, "a second server was not refused: %v: %s", refusal, said)
	}
	return moment, errors.Join(err, thaw(), r.server.answers(ctx))
}

// restartPostgres shuts the PostgreSQL server down as whoever restarts it would:
// sessions are cut, and it ends well.
func restartPostgres(ctx context.Context, r *round) (string, error) {
	moment := fmt.Sprintf("%s after the start", r.pause(ctx, randomly))
	p, err := r.server.postmaster()
	if err != nil {
		r.note("PostgreSQL did not run")
		return moment, nil
	}
	return moment, syscall.Kill(p.pid, syscall.SIGINT)
}

// forceUnlock asks for the lock of a living run to be opened, in the words of
// one engine or the other: that has to be refused.
func forceUnlock(ctx context.Context, r *round) (string, error) {
	moment, err := r.inApply(ctx)
	if err != nil {
		return moment, err
	}
	ids, err := r.records.lines(`SELECT id FROM state_locks WHERE project = $1 AND environment = $2`, r.project.key.Project, r.project.key.Environment)
	if err != nil || len(ids) == 0 {
		return moment + ", no lock was held", err
	}
	body, how := "", "as Terraform does"
	switch r.random.IntN(3) {
	case 0:
		body, how = fmt.Sprintf(`{"ID":%q}`, ids[0]), "as OpenTofu does"
	case 1:
		body, how = `{"ID":"made-up"}`, "with a made-up ID"
	}
	status, err := r.server.unlock(ctx, r.project, body)
	if still, stillErr := r.records.lines(`SELECT id FROM state_locks WHERE id = $1`, ids[0]); status < http.StatusBadRequest && len(still) == 0 {
		r.broke(lost, "the lock of a living run was opened %s: %d", how, status)
		err = errors.Join(err, stillErr)
	}
	return moment + ", " + how, err
}

// unlock sends the request of a force-unlock. Terraform's has no body.
func (s *server) unlock(ctx context.Context, p *project, body string) (status int, err error) {
	request, err := http.NewRequestWithContext(ctx, "UNLOCK", s.url()+"/state/"+p.key.String(), strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	request.SetBasicAuth("alice", s.token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	return response.StatusCode, response.Body.Close()
}
