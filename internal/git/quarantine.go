package git

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// quarantines counts the pushes that are under way for each repository. Git keeps
// the objects of a push apart until it has checked them, and removes those of a
// push that fails; one that is killed leaves them to us. The zero value is ready.
type quarantines struct {
	mu   sync.Mutex
	busy map[string]int
}

// enter begins a push. When the last one of a repository has left, nothing that
// was kept apart stays.
func (q *quarantines) enter(repository string) (leave func()) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.busy == nil {
		q.busy = make(map[string]int)
	}
	q.busy[repository]++
	return func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		if q.busy[repository]--; q.busy[repository] == 0 {
			delete(q.busy, repository)
			_ = removeQuarantine(repository) // tried again at the next push, and at the next start
		}
	}
}

func removeQuarantine(repository string) error {
	objects := filepath.Join(repository, "objects")
	entries, err := os.ReadDir(objects)
	failed := []error{err}
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), "tmp_objdir-") {
			failed = append(failed, os.RemoveAll(filepath.Join(objects, entry.Name())))
		}
	}
	return errors.Join(failed...)
}

// removeQuarantines removes what the pushes left that were under way when the
// server was killed. None is under way yet.
func (r *Remote) removeQuarantines() {
	projects, err := r.Projects(r.base)
	failed := []error{err}
	for _, project := range projects {
		failed = append(failed, removeQuarantine(filepath.Join(r.options.Dir, project+suffix)))
	}
	if err := errors.Join(failed...); err != nil {
		r.options.Logger.Warn("cannot remove what a push left", "error", err)
	}
}
