package azure

import (
	"context"
	"time"
)

// jobLog hands on the lines of an execution while it runs.
type jobLog struct {
	done   chan struct{} // closed when all lines are read; nil = there is none yet
	cancel context.CancelFunc
}

// open begins to read, when there is something to read.
func (l *jobLog) open(ctx context.Context, j job, execution string) {
	if l.done != nil {
		return
	}
	replicas, err := j.replicasOf(ctx, j.id+"/executions/"+execution)
	if err != nil || len(replicas) == 0 || len(replicas[0].Properties.Containers) == 0 {
		return
	}
	endpoint := replicas[0].Properties.Containers[0].Stream
	if endpoint == "" {
		return
	}
	ctx, l.cancel = context.WithTimeout(ctx, commandTime)
	l.done = make(chan struct{})
	go func() {
		defer close(l.done)
		_ = j.stream(ctx, j.id, endpoint, lastLines, true, j.lines()) // the verdict is Azure's
	}()
}

// finish waits for the last lines: the stream may stay open although its
// container has ended.
func (l *jobLog) finish() {
	if l.done == nil {
		return
	}
	select {
	case <-l.done:
	case <-time.After(streamTime):
	}
}

func (l *jobLog) close() {
	if l.done != nil {
		l.cancel()
		<-l.done
	}
}
