package node

import "sync"

// A look is what one view has asked of systemd: every question once, so that
// what is planned in it is planned on one answer.
type look struct {
	bus     *bus
	manager func() (Manager, error)

	mu    sync.Mutex
	units map[string]*answer
}

// An answer is there when known is closed.
type answer struct {
	known chan struct{}
	unit  Unit
	err   error
}

func newLook(b *bus) *look {
	return &look{bus: b, manager: sync.OnceValues(b.manager), units: map[string]*answer{}}
}

// ask begins to ask for the units that nobody has asked for yet.
func (l *look) ask(names ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	asked := map[string]*answer{}
	for _, name := range names {
		if l.units[name] == nil {
			asked[name] = &answer{known: make(chan struct{})}
			l.units[name] = asked[name]
		}
	}
	if len(asked) > 0 {
		go l.bus.answer(asked)
	}
}

func (l *look) unit(name string) (Unit, error) {
	l.ask(name)
	l.mu.Lock()
	a := l.units[name]
	l.mu.Unlock()
	<-a.known
	return a.unit, a.err
}

// answer asks for units together, or for each alone when that fails: one that
// cannot be asked for, such as a template, must not cost the others their
// answers.
func (b *bus) answer(asked map[string]*answer) {
	err := b.tell(asked)
	if err != nil && len(asked) > 1 {
		for name, a := range asked {
			b.answer(map[string]*answer{name: a})
		}
		return
	}
	for _, a := range asked {
		a.err = err
		close(a.known)
	}
}

// tell fills answers in.
func (b *bus) tell(asked map[string]*answer) error {
	var accounts []*account
	var questions []property
	for name := range asked {
		a := &account{Unit: Unit{Name: name, Own: b.holdsUs(name)}}
		accounts = append(accounts, a)
		questions = append(questions, a.questions()...)
	}
	if err := b.ask(questions); err != nil {
		return err
	}
	for _, a := range accounts {
		asked[a.Name].unit = a.unit()
	}
	return nil
}

// unit asks for one unit as it is at this moment.
func (b *bus) unit(name string) (Unit, error) { return newLook(b).unit(name) }

// AskUnits begins to ask systemd what the units are doing, for the view that is
// made next: it has the answers when they are needed. It does not wait.
func (m *Machine) AskUnits(names []string) {
	if m.bus == nil || len(names) == 0 {
		return
	}
	l := newLook(m.bus)
	go l.manager()
	l.ask(names...)
	m.bus.asked.Store(l)
}

// look is what a new view asks through.
func (b *bus) look() *look {
	if l := b.asked.Swap(nil); l != nil {
		return l
	}
	return newLook(b)
}
