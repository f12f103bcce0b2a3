/**
 * Types that modules share, for `make types`; nothing here runs. First the JSON of the routes as review_app/api makes and
 * reads it, then what the grid keeps of it. Labels are class numbers counted from 0; shares are between 0 and 1.
 */
export {};

/** @typedef {import("./main.js").App} App what is mounted: one for each grid on a page */

/** @typedef {"accept"|"keep"|"relabel"|"unsure"|"exclude"} Answer what ends the question about a face */
/** @typedef {Answer|"skip"|"flag"|"note"|"undo"} Action */
/** @typedef {"proposal"|"low_importance"|"suspicious"|"audit"|"repeat"} QueueKind why a face is in the queue */
/** @typedef {"none"|"mislabelled"|"ambiguous"} Doubt */
/** @typedef {"running"|"review"|"closed"|"failed"|"cancelled"} RoundState */
/** @typedef {"S"|"M"|"L"} TileSize */

/**
 * What the page gives the grid: GridData.as_json.
 * @typedef {object} GridData
 * @property {string} base where the modules are, with a slash at the end
 * @property {string} module that comes first
 * @property {string} root path that the server's addresses begin with; empty: none
 * @property {string} workspace id, which keeps what browsers store for two workspaces on one address apart
 * @property {{id: number, name: string, role: string}} person
 * @property {number} round
 * @property {string[]} classes names in the order of their numbers
 * @property {QueueFilter} filter
 * @property {number} pageSize faces on a page; 0: as many as the window holds
 * @property {TileSize} tile until the person chooses another
 */

/**
 * Which faces of the queue in which order. The grid hands it on as it came and looks at the state and the grouping alone.
 * @typedef {object} QueueFilter
 * @property {"open"|"answered"|Answer|"skipped"|"all"} [state] without one: open
 * @property {boolean} [grouped] by pair of given and proposed label
 */

/**
 * One face of POST /api/page and POST /api/tiles. Before a blind face is answered, everything that might suggest the
 * answer is null.
 * @typedef {object} Tile
 * @property {number} item id of the queue item: one reading of one face in a round
 * @property {number} sample id of the face
 * @property {string} key name of the picture in the data set
 * @property {QueueKind} kind
 * @property {number} given label that the round began with
 * @property {number|null} original label of the data set
 * @property {number|null} since earlier round in which people decided `given`; null: nobody did
 * @property {number|null} proposed
 * @property {number|null} alpha
 * @property {number|null} margin
 * @property {number|null} suspicion
 * @property {Doubt|null} doubt
 * @property {number|null} second label
 * @property {[label: number, share: number][]} bars likeliest classes, likeliest first
 * @property {Answer|null} action newest answer to this item; null: open
 * @property {number|null} label that the answer stands for
 * @property {string|null} by who answered
 * @property {string|null} at when, as ISO 8601
 * @property {string|null} decision id of the answer
 * @property {string|null} flag id of the viewer's own flag
 * @property {boolean} flagged anyone has a flag on it
 * @property {string|null} note newest note
 * @property {string|null} noteBy
 * @property {string|null} skip id of the viewer's own skip
 * @property {boolean} blind an audit face, of any round in review, that is not answered yet
 * @property {ExactCopy[]} copies faces with the same pixels, which one answer settles too unless others answered them
 * @property {number} copiesApart more of them, which are asked about separately as audit faces
 * @property {PictureIssue[]} issues what is wrong with the picture
 * @property {[offset: number, length: number]|null} thumb bytes of the picture behind the header
 * @property {string|null} missing why there is no picture
 */

/** @typedef {"dark"|"bright"|"blurred"|"empty"|"odd_shape"|"tiny"|"grey"|"far"} PictureIssue */

/**
 * A face of the round with the same pixels as another one.
 * @typedef {object} ExactCopy
 * @property {number} sample
 * @property {number} given label that the round began with
 * @property {number|null} proposed
 * @property {string|null} decision id of the answer; null: open, or not asked about
 * @property {string|null} by who answered
 */

/**
 * Header of POST /api/page and POST /api/tiles; the pictures follow it.
 * @typedef {object} PageHeader
 * @property {Tile[]} items
 * @property {number[]} lost ids of items that somebody else holds now
 * @property {string|null} cursor where the next page begins; null: at the end, or faces were leased
 * @property {number|null} learned decided faces that the order was learned from; null: it is that of the filter
 * @property {number} open faces to review in the filter, without those skipped by the person here
 * @property {number} skipped those
 * @property {number|null} matching faces that the filter lets through; null: `open` says it
 * @property {number} checked faces of the round that the person here answered
 * @property {number} wrong of these: the label was wrong
 * @property {boolean} repeats some faces of the round are asked once more, and are in none of the numbers
 * @property {PairCount|null} pair of all faces of the page; null: they are not grouped
 * @property {number} lease_s seconds that a lease lasts
 * @property {Pace} pace of the person here
 * @property {number[]} in_review rounds that take answers, newest first
 * @property {{id: number, state: RoundState}} round
 */

/** @typedef {{given: number, proposed: number|null, open: number}} PairCount open: faces to review */
/** @typedef {{round: number, filter: QueueFilter, limit: number, have: number[], cursor: string|null, leave_out: number[], tab: string}} PageRequest */
/** @typedef {{round: number, samples: number[]}} TilesRequest */
/** @typedef {{round: number, sample: number, pair: boolean, limit: number, tab: string}} AlikeRequest */
/** @typedef {{renew: number[], release: number[], tab: string, round?: number, filter?: QueueFilter}} LeaseRequest ids of items, and of the tab that shows them; of what progress is asked */
/** @typedef {{held: number[], lease_s: number, in_review: number[], today: number, progress: Progress|null}} LeaseResponse today: as in Pace */
/** @typedef {{token: string, person: number, workspace: string}} TokenResponse */
/** @typedef {{error: string, code: string, at?: string}} ErrorResponse of every 4xx and 5xx that is ours */

/**
 * One row of POST /api/decisions.
 * @typedef {object} Decision
 * @property {string} id made here, so that sending it twice is harmless
 * @property {number} round
 * @property {number} sample
 * @property {Action} action
 * @property {number|null} label
 * @property {string|null} undoes id of the decision that an undo takes back
 * @property {string|null} text of a note
 * @property {string|null} bulk id that decisions made at once have in common
 * @property {string|null} before id of the answer that the face was shown with; null: it was shown as open
 * @property {boolean} blind no proposal was shown
 * @property {number} ms milliseconds since the decision before
 * @property {Shown} shown
 */

/** @typedef {Partial<Pick<Tile, "kind"|"given"|"proposed"|"alpha"|"margin"|"bars"|"doubt"|"second">>} Shown what was on the screen */
/** Of one person in one round; today: faces answered since midnight UTC, in whatever round. */
/** @typedef {{today: number, total: number, per_minute: number|null, left: number, seconds_left: number|null}} Pace */
/** Under the filter that was sent. @typedef {{open: number, checked: number, wrong: number}} Progress */
/** @typedef {{decisions: Decision[], filter: QueueFilter}} DecisionsRequest */
/**
 * answered: since the bulk answer's faces were shown; unseen: the picture is gone
 * @typedef {"audit"|"answered"|"closed"|"no_round"|"unseen"|"invalid"} RefusalCode
 */
/** @typedef {{id: string, error: string, code: RefusalCode}} RefusedDecision */
/** @typedef {{saved: string[], refused: RefusedDecision[], pace: Pace|null, progress: Progress|null, in_review: number[]}} DecisionsResponse saved: ids */

/** @typedef {Pick<Decision, "id"|"sample"|"action"|"label"|"text">} DecisionBrief */

/**
 * What one undo or redo takes in GET /api/history: a decision alone, or all with one bulk id, the newest first.
 * @typedef {object} HistoryUnit
 * @property {string|null} bulk
 * @property {DecisionBrief[]} decisions
 * @property {string[]} redo_of for redo, the id of the undo row that is to be undone beside each decision; else empty
 */

/** @typedef {{undo: HistoryUnit[], redo: HistoryUnit[]}} HistoryResponse newest first */

/**
 * GET /api/sample/ID: a tile without its picture, and what the zoom shows besides. A face that the round does not ask
 * about has no item, kind or answer; one that it did not train on has no scores.
 * @typedef {Omit<Tile, "item"|"kind"|"thumb"|"missing"> & SampleMore} SampleDetail
 */

/**
 * @typedef {object} SampleMore
 * @property {number|null} item
 * @property {QueueKind|null} kind
 * @property {{alpha: number[], margin: number[]}|null} dynamics one value an epoch
 * @property {{given: number[], other: number[], otherLabel: number}|null} neighbours ids of confident faces like this one
 * @property {Vote[]} votes labels of several people that the data set came with, most first
 * @property {Opinion[]} opinions what other models say; empty for a blind face
 * @property {boolean} unread not all readings are in, so nobody sees what others say
 * @property {number[]} probabilities of each class; empty: not shown, or not known
 * @property {PastDecision[]} history
 */

/** @typedef {{source: string, label: number, probabilities: number[]}} Opinion label: the likeliest class */
/** @typedef {{label: number|null, answer: string, votes: number}} Vote label: null where the answer is no class */

/**
 * @typedef {object} PastDecision
 * @property {string} by
 * @property {Action} action
 * @property {number|null} label
 * @property {string|null} text
 * @property {string} at as ISO 8601
 * @property {number} round
 * @property {boolean} live not taken back
 * @property {boolean} broughtBack an undo of an undo: what was taken back stands again
 */

/**
 * A decision made here, with what never leaves the browser.
 * @typedef {Decision & {local?: Local}} Entry
 */

/** @typedef {{root: DecisionBrief, live: boolean}} Change root: the decision that is made or taken back; live: it stands afterwards */

/**
 * Of an undo the decision at the root of its chain; of every entry when it was made and the name of its picture, where
 * that is known. Older versions kept neither.
 * @typedef {Partial<Change> & {at?: string, key?: string}} Local at: as ISO 8601
 */

/** @typedef {Answer|"skip"|"taken"|"gone"|"open"} FaceState */

/**
 * A face that this tab knows.
 * @typedef {object} Face
 * @property {number} item
 * @property {number} sample
 * @property {Tile} base as the server sent it
 * @property {Tile} tile base with our entries on top
 * @property {FaceState} state
 * @property {number} at when the base was asked for
 * @property {number} changed when one of our entries last touched it
 * @property {boolean} pending some entry is not acknowledged yet
 * @property {true|"maybe"|false} held leased to us
 * @property {boolean} taken somebody else has it, and nobody has answered it
 * @property {boolean} gone it was taken out of the data set
 * @property {number} seen greater for the faces shown later; 0: not yet
 * @property {HTMLImageElement|null} img
 */

/**
 * Faces that are on screen together.
 * @typedef {object} Page
 * @property {"queue"|"recall"|"passed"|"alike"} kind from the queue, brought back by an undo, passed over before, or faces
 *   that look like the first
 * @property {Face[]} faces
 * @property {number} number counted from 1
 * @property {number} focus place of the face that had the focus last
 * @property {{face: Face, pair: boolean}} [like] of an "alike" page: what its faces look like, and whether all are of its pair
 * @property {number} batch what came together has the same number; it is one page where the window has room for it
 */
