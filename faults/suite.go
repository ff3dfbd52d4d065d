package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// tally counts what was found.
type tally struct {
	faults int
	broken map[harm]int
}

// runSuite injects the faults one after the other and prints a line for each.
func runSuite(ctx context.Context, o options) (err error) {
	began := time.Now()
	b, err := openBench(ctx, o)
	defer func() {
		if b != nil {
			err = errors.Join(err, b.close(o.keep))
		}
	}()
	if err != nil {
		return err
	}
	fmt.Printf("seed %d; a server is built and a world made in %s\n", o.seed, since(began))
	t := tally{broken: map[harm]int{}}
	kinds, err := chosen(o.kinds)
	if err != nil {
		return err
	}
	first, last := 1, o.faults
	if o.only > 0 {
		first, last = o.only, o.only
	}
	for number := first; number <= last && ctx.Err() == nil; number++ {
		if b.server == nil {
			if err := b.renew(ctx); err != nil {
				return err
			}
		}
		began := time.Now()
		r := newRound(b, o.seed, kinds, number)
		violations := r.play(ctx)
		if ctx.Err() != nil {
			break // what was looked at last tells nothing
		}
		t.add(violations)
		fmt.Printf("#%-3d %-15s %s | %s | %s | %s %s\n", number, r.kind.name, r.moment, r.what(), strings.Join(r.found, "; "), verdict(violations), since(began))
		if err := b.after(violations, fmt.Sprintf("go run ./faults --seed %d --only %d%s", o.seed, number, o.kindsFlag())); err != nil {
			return err
		}
	}
	if b.server != nil && ctx.Err() == nil {
		violations := b.clear(ctx)
		t.add(violations)
		t.faults--
		fmt.Printf("everything is destroyed | %s\n", verdict(violations))
		if err := b.after(violations, "the whole run"); err != nil {
			return err
		}
	}
	if o.prove && ctx.Err() == nil {
		if err := b.prove(ctx); err != nil {
			return err
		}
		fmt.Println("every invariant was broken on purpose, and that was seen")
	}
	return t.result(time.Since(began), ctx.Err())
}

func (o options) kindsFlag() string {
	if len(o.kinds) == 0 {
		return ""
	}
	return " --kinds " + strings.Join(o.kinds, ",")
}

func since(began time.Time) string { return fmt.Sprintf("%.1f s", time.Since(began).Seconds()) }

func verdict(violations []violation) string {
	if len(violations) == 0 {
		return "ok"
	}
	return "BROKEN"
}

// after prints what is broken and leaves a world in which something is.
func (b *bench) after(violations []violation, repeat string) error {
	if len(violations) == 0 {
		return nil
	}
	for i, v := range violations {
		if i == 10 {
			fmt.Printf("     ! and %d more\n", len(violations)-i)
			break
		}
		fmt.Printf("     ! %s\n", v)
	}
	fmt.Printf("     ! repeat it: %s; the logs are saved in %s\n", repeat, b.save())
	return b.leave()
}

func (t *tally) add(violations []violation) {
	t.faults++
	harms := map[harm]bool{}
	for _, v := range violations {
		harms[v.harm] = true
	}
	for h := range harms {
		t.broken[h]++
	}
}

// result prints the sums.
func (t *tally) result(took time.Duration, ended error) error {
	fmt.Printf("%d faults in %s: %d states lost, %d destroyed that nobody deleted, %d made twice, %d blocked, %d locks stuck, %d orphans, %d otherwise wrong\n",
		t.faults, took.Round(time.Second), t.broken[lost], t.broken[destroyed], t.broken[twin], t.broken[blocked],
		t.broken[stuck], t.broken[orphan], t.broken[wrong])
	if ended != nil {
		return ended
	}
	if len(t.broken) > 0 {
		return errors.New("something is broken")
	}
	return nil
}
