package azure

import (
	"context"
	"net/http"
	"time"

	"github.com/aloft-dev/aloft"
)

// webApps deploys archives and images to App Service. With a slot the new version
// starts there, is asked there, and is swapped in; without one it takes the place
// of the old.
//
// A swap is its own inverse: sent twice it undoes itself. So before each one, and
// after an answer that was lost, what is where is read, never remembered.
type webApps struct{ *Target }

// cargo is what is brought to a site: an archive or an image.
type cargo interface {
	mark() mark
	// there reads what a site has; a zero mark = nothing of ours.
	there(ctx context.Context, s *site) (mark, error)
	// bring puts it there and lets it start. It may be called again.
	bring(ctx context.Context, s *site) error
}

// webApp is the app of a request and its slot, if it has one.
type webApp struct {
	app, slot *site
	load      cargo
}

func (h webApps) open(ctx context.Context, r Request, load cargo) (*webApp, error) {
	app, err := h.site(ctx, r, "")
	if err != nil {
		return nil, err
	}
	w := &webApp{app: app, load: load}
	if name := r.text("slot"); name != "" {
		w.slot, err = h.site(ctx, r, name)
	}
	return w, err
}

// cargoOf is what the artifact of a request travels as.
func (h webApps) cargoOf(ctx context.Context, r Request) (cargo, error) {
	if !isImage(r) {
		return archive{r}, nil
	}
	reference, err := h.push(ctx, r)
	return image{reference}, err
}

func isImage(r Request) bool { return r.text("packaging") == "image" }

func (h webApps) deploy(ctx context.Context, r Request) (aloft.Release, bool, error) {
	load, err := h.cargoOf(ctx, r)
	if err != nil {
		return aloft.Release{}, false, err
	}
	w, err := h.open(ctx, r, load)
	if err != nil {
		return aloft.Release{}, false, err
	}
	now, err := load.there(ctx, w.app)
	if err != nil {
		return aloft.Release{}, false, err
	}
	release := r.releaseOf(load.mark().Artifact, 1)
	if now.Artifact == load.mark().Artifact {
		return release, !w.app.stopped(), w.wakeUp(ctx)
	}
	if w.slot == nil {
		return release, false, w.replace(ctx)
	}
	release.Number = 2
	return release, false, w.stage(ctx)
}

// wakeUp starts an app that was withdrawn.
func (w *webApp) wakeUp(ctx context.Context) error {
	if !w.app.stopped() {
		return nil
	}
	if err := w.app.turn(ctx, "start"); err != nil {
		return err
	}
	return w.app.awaitHealthy(ctx)
}

// stage brings the cargo to the slot, asks it there, and swaps it in. When it does
// not answer the slot is stopped, and the app serves on.
func (w *webApp) stage(ctx context.Context) error {
	staged, err := w.load.there(ctx, w.slot)
	if err != nil {
		return err
	}
	if staged.Artifact == w.load.mark().Artifact {
		w.slot.say("%s has it already", w.slot.label)
		if w.slot.stopped() {
			err = w.slot.turn(ctx, "start")
		}
	} else {
		err = w.load.bring(ctx, w.slot)
	}
	if err == nil {
		err = w.slot.awaitHealthy(ctx)
	}
	if err != nil {
		w.giveUp(ctx, err)
		return err
	}
	if w.app.stopped() {
		if err := w.app.turn(ctx, "start"); err != nil {
			return err
		}
	}
	return w.swap(ctx)
}

// giveUp shows why the slot does not answer and stops it. What somebody stopped
// is left for the next run to go on with.
func (w *webApp) giveUp(ctx context.Context, cause error) {
	if ctx.Err() != nil || aloft.ErrorCode(canceled(cause)) == aloft.CodeCanceled {
		return
	}
	w.slot.showLastLines(ctx)
	if err := w.slot.turn(ctx, "stop"); err != nil {
		w.slot.say("%s still runs: %s", w.slot.label, err)
	}
	w.app.say("%s keeps serving what it has", w.app.label)
}

// swap exchanges slot and app, unless that has happened.
func (w *webApp) swap(ctx context.Context) error {
	ended := w.app.Timing.Begin("swap", "slot and app")
	err := w.swapOnce(ctx)
	if isLost(err) || hasCode(err, "OperationTimedOut") {
		// The app tells whether it was heard.
		if there, readError := w.arrived(ctx); readError == nil && !there {
			err = w.swapOnce(ctx)
		} else {
			err = readError
		}
	}
	ended(err)
	return err
}

func (w *webApp) swapOnce(ctx context.Context) error {
	now, err := w.load.there(ctx, w.app)
	if err != nil || now.Artifact == w.load.mark().Artifact {
		return err
	}
	x := w.app.at("/slotsswap", "swap "+w.slot.label+" in")
	x.method, x.once = http.MethodPost, true
	x.body = map[string]any{"targetSlot": w.app.text("slot"), "preserveVnet": true}
	begun, err := w.app.client.change(ctx, x, w.app.say)
	if err != nil {
		return err
	}
	if err := begun.wait(ctx); err != nil {
		return err
	}
	there, err := w.arrived(ctx)
	if err == nil && !there {
		err = aloft.Errorf(aloft.CodeFailed, "cannot swap %s in: Azure ended the swap, but the app does not have it", w.slot.label).
			WithHint("push again: what is in the slot is not brought again")
	}
	return err
}

// arrived looks whether the app has the cargo, for a while: the deployment
// service of a site may start again after a swap.
func (w *webApp) arrived(ctx context.Context) (bool, error) {
	clock := w.app.options.Clock
	for end := clock.Now().Add(time.Minute); ; {
		now, err := w.load.there(ctx, w.app)
		if err != nil || now.Artifact == w.load.mark().Artifact {
			return err == nil, err
		}
		if !clock.Now().Before(end) {
			return false, nil
		}
		if err := clock.Sleep(ctx, usualPause); err != nil {
			return false, err
		}
	}
}

// replace brings the cargo to the app itself. An image that does not answer is
// replaced by the one before; of an archive nothing is left to go back to.
func (w *webApp) replace(ctx context.Context) error {
	var before image
	if isImage(w.app.Request) {
		old, err := before.there(ctx, w.app)
		if err != nil {
			return err
		}
		before.reference = old.reference
	}
	w.app.say("%s has one place only: it does not answer until the new version has started", w.app.label)
	err := w.load.bring(ctx, w.app)
	if err == nil {
		err = w.app.awaitHealthy(ctx)
	}
	if err == nil || aloft.ErrorCode(canceled(err)) == aloft.CodeCanceled {
		return err
	}
	w.app.showLastLines(ctx)
	if before.reference == "" {
		w.app.say("what served before was replaced and cannot be put back: push its commit again, or choose a tier with a slot")
		return err
	}
	if back := before.bring(ctx, w.app); back != nil {
		w.app.say("the image before could not be put back: %s", back)
		return err
	}
	w.app.say("the image before is back")
	return err
}
