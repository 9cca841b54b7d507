package node

// This file is what the journal keeps of each kind of change.

// A changeRecord is one change; exactly one of its fields is set.
type changeRecord struct {
	Path    *pathRecord    `json:"path,omitempty"`
	User    *userRecord    `json:"user,omitempty"`
	Group   *GroupChange   `json:"group,omitempty"`
	Crontab *crontabRecord `json:"crontab,omitempty"`
	Unit    *UnitAction    `json:"unit,omitempty"`
	Reload  *ManagerReload `json:"daemon_reload,omitempty"`
	Move    *moveRecord    `json:"move,omitempty"`
	Removal *removalRecord `json:"removal,omitempty"`
	Copy    *TreeCopy      `json:"copy,omitempty"`
	Sync    *syncRecord    `json:"sync,omitempty"`
	Look    *TreeLook      `json:"look,omitempty"`
	Return  *TreeReturn    `json:"return,omitempty"`
}

type moveRecord struct {
	From    string      `json:"from"`
	To      string      `json:"to"`
	Was     stateRecord `json:"was"`
	Becomes stateRecord `json:"becomes"`
}

type removalRecord struct {
	Path  string      `json:"path"`
	State stateRecord `json:"state"`
}

type syncRecord struct {
	From string      `json:"from"`
	To   string      `json:"to"`
	User string      `json:"user"`
	Was  stateRecord `json:"was"`
	Top  stateRecord `json:"top"`
}

type pathRecord struct {
	Path  string       `json:"path"`
	From  stateRecord  `json:"from"`
	To    stateRecord  `json:"to"`
	Shown *shownRecord `json:"shown,omitempty"`
}

type stateRecord struct {
	Kind    string  `json:"kind"`
	Owner   string  `json:"owner,omitempty"`
	Group   string  `json:"group,omitempty"`
	Mode    *Mode   `json:"mode,omitempty"`
	Target  string  `json:"target,omitempty"`
	Content *string `json:"content,omitempty"` // its digest
	Xattrs  *Xattrs `json:"xattrs,omitempty"`  // absent: not known
	Odd     string  `json:"odd,omitempty"`
}

type shownRecord struct {
	Before *string `json:"before"`
	After  *string `json:"after"`
}

type userRecord struct {
	Name string   `json:"name"`
	From userSide `json:"from"`
	To   userSide `json:"to"`
}

type userSide struct {
	UserRecord
	Shadow *string `json:"shadow,omitempty"` // its digest
}

type crontabRecord struct {
	User  string       `json:"user"`
	From  *string      `json:"from"` // digests; null: there is no table
	To    *string      `json:"to"`
	Shown *shownRecord `json:"shown,omitempty"`
}
