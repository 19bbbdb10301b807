package supervisor

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
)

// TestAwait checks that an answer is not lost in whatever ends at the same time, and that events come before it.
func TestAwait(t *testing.T) {
	broken := errors.New("broken")
	tests := map[string]struct {
		reply, gone, cancelled bool
		answered               bool
	}{
		"answer":                 {reply: true, answered: true},
		"answer of what is gone": {reply: true, gone: true, answered: true},
		"gone":                   {gone: true},
		"nobody waits":           {cancelled: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			for range 20 { // select chooses at random
				synctest.Test(t, func(t *testing.T) {
					j := newJournal()
					j.publish(Event{Message: "old"})
					at := j.position()
					j.publish(Event{Message: "first"})
					reply, gone := make(chan error, 1), make(chan struct{})
					ctx, cancel := context.WithCancel(t.Context())
					defer cancel()
					var got []Event
					answered, done := false, make(chan error, 1)
					go func() {
						err, ok := await(ctx, j, at, reply, gone, func(e Event) { got = append(got, e) })
						answered = ok
						done <- err
					}()
					synctest.Wait()
					j.publish(Event{Message: "last"})
					if tt.reply {
						reply <- broken
					}
					if tt.gone {
						close(gone)
					}
					if tt.cancelled {
						cancel()
					}
					err := <-done
					if answered != tt.answered || answered && err != broken {
						t.Errorf("answered %v, %v", answered, err)
					}
					if answered && messages(got) != "first last" {
						t.Errorf("events %q", messages(got))
					}
				})
			}
		})
	}
}

// TestFollowToTheEnd checks that a follower gets the last events of a program that ends.
func TestFollowToTheEnd(t *testing.T) {
	for range 20 {
		synctest.Test(t, func(t *testing.T) {
			j, end := newJournal(), make(chan struct{})
			var got []Event
			done := make(chan error, 1)
			go func() {
				done <- j.follow(t.Context(), 0, end, func(e Event) error { got = append(got, e); return nil })
			}()
			synctest.Wait()
			j.publish(Event{Message: "last"})
			close(end)
			if err := <-done; err != nil || messages(got) != "last" {
				t.Errorf("events %q, %v", messages(got), err)
			}
		})
	}
}

// TestTimesInOrder checks that events that many publish at once have times in their order.
func TestTimesInOrder(t *testing.T) {
	j := newJournal()
	done := make(chan struct{})
	for range 8 {
		go func() {
			for range 100 {
				j.publish(Event{})
			}
			done <- struct{}{}
		}()
	}
	for range 8 {
		<-done
	}
	events, _, _ := j.since(0)
	for i := 1; i < len(events); i++ {
		if events[i].Time.Before(events[i-1].Time) {
			t.Fatalf("event %d is older than the one before it", i)
		}
	}
}
