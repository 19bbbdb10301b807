package keeper

import "github.com/seed-da40d5ac/supervise/supervisor/proctree"

// scan is the question which processes a tree has.
type scan struct {
	tree   proctree.Tree
	answer chan []int // has room for the answer
}

// scanner looks at the processes of the machine, once for all who wait at the
// time: a thousand workers that end together must not each read all of /proc.
func (c *core) scanner() {
	for {
		var waiting []scan
		select {
		case s := <-c.scans:
			waiting = append(waiting, s)
		case <-c.closed:
			return
		}
		for more := true; more; {
			select {
			case s := <-c.scans:
				waiting = append(waiting, s)
			default:
				more = false
			}
		}
		now := proctree.Look()
		for _, s := range waiting {
			s.answer <- now.Members(s.tree)
		}
	}
}

// members are the living processes of a tree, looked at after the call.
func (c *core) members(t proctree.Tree) ([]int, error) {
	s := scan{tree: t, answer: make(chan []int, 1)}
	select {
	case c.scans <- s:
		return <-s.answer, nil
	case <-c.closed:
		return nil, errClosed
	}
}
