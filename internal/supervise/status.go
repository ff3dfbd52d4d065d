package supervise

import (
	"cmp"
	"slices"
	"time"

	"github.com/aloft-dev/aloft"
)

// Status tells how a process is.
type Status struct {
	Spec
	PID       int       `json:"pid,omitempty"` // 0 = does not run
	State     State     `json:"state"`
	StartedAt time.Time `json:"startedAt"`          // of the present life, or the last
	Restarts  int       `json:"restarts"`           // times it died and was started again
	LastExit  Exit      `json:"lastExit,omitzero"`  // of the last life that ended
	RSS       int64     `json:"rss,omitempty"`      // bytes in memory, descendants included; 0 where unknown
	Processes int       `json:"processes,omitzero"` // itself and its descendants
}

// Processes returns the processes of an environment that were started and not
// stopped, one-off ones left out, ordered by app, process, release and
// instance. The zero key stands for all environments.
func (s *Supervisor) Processes(key aloft.EnvironmentKey) []Status {
	byTag := s.scanner.byTag()
	var list []Status
	for _, p := range s.list() {
		if !p.oneOff && (key == aloft.EnvironmentKey{} || p.spec.Key == key) && p.present() != nil {
			list = append(list, p.status(byTag))
		}
	}
	slices.SortFunc(list, func(a, b Status) int {
		return cmp.Or(
			cmp.Compare(a.Key.String(), b.Key.String()), cmp.Compare(a.App, b.App), cmp.Compare(a.Process, b.Process),
			cmp.Compare(a.Release, b.Release), cmp.Compare(a.Instance, b.Instance),
		)
	})
	return list
}

// Status returns how the process is.
func (p *Process) Status() Status { return p.status(p.supervisor.scanner.byTag()) }

func (p *Process) status(byTag map[string][]proc) Status {
	pid := p.PID()
	p.mu.Lock()
	defer p.mu.Unlock()
	status := Status{
		Spec: p.spec, PID: pid, State: p.state,
		StartedAt: p.life.started, Restarts: p.restarts, LastExit: p.lastExit,
	}
	for _, member := range byTag[p.life.tag] {
		status.RSS += member.rss
		status.Processes++
	}
	return status
}
