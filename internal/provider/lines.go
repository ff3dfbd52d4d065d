package provider

import (
	"context"

	"google.golang.org/grpc/stats"
)

// lines tells a ledger of the lines that engines open and close, and each request
// on which it came.
type lines struct{ ledger *ledger }

type lineKey struct{}

func (l lines) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context {
	return context.WithValue(ctx, lineKey{}, new(line))
}

func (l lines) HandleConn(_ context.Context, event stats.ConnStats) {
	switch event.(type) {
	case *stats.ConnBegin:
		l.ledger.opened()
	case *stats.ConnEnd:
		l.ledger.closed()
	}
}

func (l lines) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context { return ctx }

func (l lines) HandleRPC(context.Context, stats.RPCStats) {}

// lineOf returns the line of a request; nil = the only one, of a plugin.
func lineOf(ctx context.Context) *line {
	l, _ := ctx.Value(lineKey{}).(*line)
	return l
}
