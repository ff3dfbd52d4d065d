package run

import (
	"context"
	"fmt"
	"strings"

	"github.com/aloft-dev/aloft"
)

// Admit refuses a push that may destroy more than its pusher means: who deletes
// the branch of one environment, and does nothing else, has said so. A mirror, a
// pruning push or a branch that was renamed deletes whatever is not here, and must
// say it with the push option "destroy".
func (r *Reconciler) Admit(ctx context.Context, push aloft.Push) error {
	options, err := ParseOptions(push.Options)
	if err != nil || options.Destroy || len(push.Updates) < 2 {
		return err
	}
	doomed, err := r.doomed(ctx, push)
	if err != nil || len(doomed) == 0 {
		return err
	}
	return aloft.Errorf(aloft.CodeConflict, "this push is refused as a whole, for it would destroy %s:%s", number(doomed), list(doomed)).
		WithHint("git push -o destroy … says that this is meant; one alone: git push aloft :%s", doomed[0].Branch())
}

// doomed are the environments that a push destroys.
func (r *Reconciler) doomed(ctx context.Context, push aloft.Push) ([]aloft.Environment, error) {
	var doomed []aloft.Environment
	for _, update := range push.Updates {
		branch, ok := strings.CutPrefix(update.Ref, "refs/heads/")
		name, err := aloft.EnvironmentOfBranch(branch)
		if !ok || err != nil || name == "" || update.New != "" {
			continue
		}
		environment, err := r.store.Environment(ctx, aloft.EnvironmentKey{Project: push.Project, Environment: name})
		if aloft.ErrorCode(err) == aloft.CodeNotFound || environment.Status == aloft.EnvironmentDestroyed {
			continue
		}
		if err != nil {
			return nil, err
		}
		doomed = append(doomed, environment)
	}
	return doomed, nil
}

func number(environments []aloft.Environment) string {
	if len(environments) == 1 {
		return "an environment beside what else it does"
	}
	return fmt.Sprintf("%d environments", len(environments))
}

// list writes a line for each environment: what it is, and whose.
func list(environments []aloft.Environment) string {
	var text strings.Builder
	for _, environment := range environments {
		fmt.Fprintf(&text, "\n%s (%s)", environment.EnvironmentKey, environment.Status)
		if environment.Owner != "" {
			text.WriteString(" of " + environment.Owner)
		}
	}
	return text.String()
}
