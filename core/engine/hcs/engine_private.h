/* SPDX-License-Identifier: MIT
 *
 * The inside of the HCS engine: what engine.c, engine_ask.c, observe*.c, engine_view.c and checks.c
 * share.
 *
 * Two threads serve one host:
 *   the asker   asks: it is the only one that calls what may block (inventory, open, close, files).
 *               It sleeps until the tick or until somebody wants a round.
 *   the engine  digests: it takes the answers of a whole round at once, turns them into records and
 *               posts what changed. It never calls the host.
 * Completions and change notices copy, enqueue and return. Answers of one round are digested
 * together: the engine is woken when the last one is there, or DIGEST_MS after the round began.
 *
 * Locks: engine->mutex guards what is marked "shared"; it is never held while the host, the inbox
 * or the store is called. What is marked "engine" belongs to the engine's thread, "asker" to the
 * asker.
 */
#ifndef HVGPU_HCS_ENGINE_PRIVATE_H
#define HVGPU_HCS_ENGINE_PRIVATE_H

#include "core/base/os/os.h"
#include "core/engine/hcs/hcs_engine.h"

enum {
    TICK_MS = 1000,      /* all pauses are scaled to hcs_engine_walls.tick_ms */
    DIGEST_MS = 250,     /* answers that come later are digested later */
    STALE_MS = 3000,     /* an unanswered enumeration makes the list stale */
    LOADED_MS = 10000,   /* the first inventory is declared complete at the latest then */
    EXIT_ROUND_MS = 100, /* an exit is followed by an enumeration, at most this often */
    ASKED_ROUND_MS = 50, /* rounds that jobs and users ask for, too */
    BACKOFF_FIRST_MS = 250,
    BACKOFF_LAST_MS = 5000,
    IMAGES_EVERY = 30,     /* ticks */
    HANDLES_MAX = 1000,    /* kept handles on systems */
    ASKED_PER_ROUND = 200, /* property reads in one round */
    OTHERS_PER_ROUND = 16, /* of them, statistics of systems of others, one after the other */
    ASKERS_MAX = 8,        /* relieved ones and the last */
    PROBES_MAX = 4         /* running at once on one host */
};

/* What a round asks for. */
enum {
    ROUND_CONNECT = 1,
    ROUND_LIST = 2,
    ROUND_GPUS = 4,
    ROUND_IMAGES = 8,
    ROUND_RECORDS = 16, /* also when the store did not change */
    ROUND_DETAILS = 32  /* the wanted properties */
};

/* Properties asked of one system. */
enum { READ_ENDS = 1, READ_STATISTICS = 2, READ_PROCESSES = 4, READ_MEMORY = 8, READ_KINDS = 16 };

/* One system whose properties are wanted. handle NULL: open it first. */
struct want {
    struct want *next;
    char *id;
    struct client_system *handle; /* one reference */
    unsigned read;
};

/* What the asker found when it connected. */
struct connect_answer {
    int32_t facts_code;
    struct host_facts facts;
    enum hvgpu_status service;
    struct hvgpu_error error; /* of the service */
    struct schema_level level;
    char scratch_root[512], probe_folder[512];
};

struct own { /* one of hvgpu's own records */
    struct ownership record;
};

struct own_list {
    struct own *items; /* sorted by id */
    size_t count;
    char *trouble; /* a record that could not be read, in words; NULL: none */
};

/* What an unfinished job left behind, as read from its journal. */
struct left_thing {
    char *words;
    char *system_id;          /* it is about this system; NULL: about a folder */
    enum hvgpu_answer exists; /* folders: asked; systems: the list says */
    bool needs_system;        /* it is there only when the system is */
};
struct left_journal {
    char *key, *title;
    int64_t time_ms;
    struct left_thing *things;
    size_t thing_count;
};
struct left_list {
    struct left_journal *items;
    size_t count;
};

/* One answer or notice on its way to the engine's thread. */
enum notice_kind {
    NOTICE_CONNECTED,
    NOTICE_LIST,       /* code, document */
    NOTICE_PROPERTIES, /* code, document, id, handle (one reference; NULL: not opened), read */
    NOTICE_GPUS,
    NOTICE_IMAGES,
    NOTICE_RECORDS,
    NOTICE_EXITED,       /* id */
    NOTICE_DISCONNECTED, /* the service went away */
    NOTICE_GPUS_CHANGED
};
struct notice {
    struct notice *next, *previous; /* in `outstanding` while asked; next: in the queue */
    struct engine *engine;
    enum notice_kind kind;
    bool outstanding;
    int32_t code;
    char *document, *id;
    struct client_system *handle;
    unsigned read;
    int64_t time_ms; /* the host's clock */
    struct connect_answer *connected;
    struct host_gpu *gpus;
    size_t gpu_count;
    struct host_image *images;
    size_t image_count;
    struct own_list own;
    struct left_list left;
};

/* Statistics of one system, read once or again and again. */
struct usage {
    struct hvgpu_number cpu_permille, memory_bytes, processes, processors, created_ms;
    enum hvgpu_init_state init_state;
    uint64_t runtime_100ns; /* of the last reading */
    int64_t stamp_100ns;    /* 0: none yet */
};

/* One compute system as the engine knows it. Always has a record. */
struct seen {
    const struct hvgpu_system *record; /* as posted; before that, as listed first */
    const struct hvgpu_system *base;   /* listed anew, to be taken over; NULL: nothing new */
    uint64_t text_hash;                /* of its element in the last enumeration */
    size_t index;                      /* in the table's items */
    struct seen *next_text, *next_id;
    struct client_system *handle; /* kept; NULL: followed by enumeration only */
    struct usage *usage;          /* NULL: never read */
    uint32_t round;               /* enumeration that had it last */
    enum hvgpu_answer ends;       /* TerminateOnLastHandleClosed */
    bool asked, asking;
    bool plain;     /* refuses statistics: only `ends` is asked */
    bool has_image; /* RuntimeImagePath or a RuntimeId of its own: a container with its own VM */
    bool template;
    bool hosts;   /* others name it as their host */
    bool phantom; /* only hvgpu's record is left of it */
    bool dirty, posted;
};

struct table {
    struct seen **items;
    size_t count, capacity;
    struct seen **by_text, **by_id; /* chains */
    size_t buckets;                 /* a power of two */
};

/* What plans and checks look at: immutable, shared. */
struct inventory {
    unsigned holders; /* under engine->mutex */
    const struct hvgpu_gpu **gpus;
    size_t gpu_count;
    const struct hvgpu_image **images;
    size_t image_count;
    const struct hvgpu_system **systems;
    size_t system_count;
};

struct check_entry {
    struct check_entry *next;
    char *id;
    int64_t due_ns;
    bool running, gone;
    bool launched_here; /* a --rm system of this process: probing it prolongs nothing */
    const struct hvgpu_check *last;
    uint64_t answers; /* how many there were */
};

struct check_worker {
    struct engine *engine;
    struct os_thread *thread;
    struct check_entry *entry;
    bool busy;
};

struct engine {
    /* fixed while the engine lives */
    char *uri;
    struct inbox *inbox;
    struct hcs_engine_walls walls;
    struct client *client;
    struct store *store;
    struct os_thread *thread;
    struct os_thread *askers[ASKERS_MAX]; /* by number; all but the last were relieved */
    struct os_mutex *mutex;
    struct os_cond *cond, *asker_cond, *check_cond;

    /* shared */
    bool stopping;
    bool poked; /* something below changed: the engine's thread shall look */
    bool paused;
    bool refreshed, touched;
    unsigned probe_interval_s;
    struct notice *queue, *queue_last;
    struct notice *outstanding;
    unsigned pending;        /* asked and not answered, in time */
    bool asking;             /* the asker is in a round */
    unsigned step;           /* which blocking part of it */
    int64_t step_ns;         /* since when */
    unsigned blocked;        /* ROUND_*: calls that hang in an asker that was relieved */
    unsigned asker_number;   /* grows when one is relieved */
    bool urgent;             /* something in the queue must not wait for the rest of the round */
    unsigned wanted_round;   /* ROUND_* for the next round */
    int64_t due_ns, tick_ns; /* when the next round is due; INT64_MAX: not */
    int64_t round_ns;        /* when the last round began */
    int64_t list_asked_ns;   /* 0: no enumeration on its way */
    bool ticking;            /* link live, not paused, and the machine moves by itself */
    bool lost_told;          /* one disconnect is enough of them all */
    struct want *wants;
    struct client_system **drops;
    size_t drop_count, drop_capacity;
    const struct hvgpu_host *host; /* as posted last */
    struct inventory *inventory;
    struct schema_level level;
    struct host_facts facts;
    bool facts_known;
    char scratch_root[512], probe_folder[512];
    struct check_entry *checks;
    unsigned checks_running;

    /* asker */
    bool watching;
    unsigned ticks;
    uint64_t store_generation;
    bool records_read;
    struct json *queries[READ_KINDS];

    /* engine */
    struct table table;
    uint64_t list_hash; /* of the whole answer */
    uint32_t list_round;
    bool list_known;
    struct message *posts, *posts_last; /* go to the inbox together */
    struct host_gpu *host_gpus;
    size_t host_gpu_count;
    bool gpus_answered, images_answered, records_answered;
    struct own_list own;
    struct left_list left;
    size_t read_cursor;
    unsigned opening; /* handles that are being opened */
    size_t kept;
    enum hvgpu_link link;
    char link_reason[768], link_hint[384];
    char gpu_trouble[256], image_trouble[256];
    int64_t host_time_ms;
    int64_t opened_ns;
    unsigned backoff_ms;
    bool connected;                /* the service answered, and was not lost since */
    bool was_lost;                 /* a loss is to be made good */
    bool loaded;                   /* MESSAGE_LOADED was posted */
    bool listed;                   /* the first inventory is there; its details are asked */
    bool changed;                  /* since the last publication: GPUs, images or systems */
    unsigned followups;            /* without a tick: rounds left after a change by a job */
    const struct hvgpu_gpu **gpus; /* posted last */
    size_t gpu_count;
    const struct hvgpu_image **images;
    size_t image_count;
    uint64_t left_hash;
    struct check_worker workers[PROBES_MAX];
};

static inline bool number_equal(struct hvgpu_number a, struct hvgpu_number b)
{
    return a.known == b.known && a.value == b.value;
}

/* A pause in ns, scaled to the engine's tick. */
static inline int64_t engine_pause(const struct engine *engine, unsigned ms)
{
    return (int64_t)ms * 1000 * engine->walls.tick_ms;
}

/* ---- engine.c ---- */
struct notice *notice_new(struct engine *engine, enum notice_kind kind);
void notice_free(struct notice *notice);
/* Hands an answer or a notice to the engine's thread. Takes it. Any thread. */
void engine_push(struct engine *engine, struct notice *notice, bool urgent);
/* Asks for a round after delay_ms (scaled). Any thread. */
void engine_want_round(struct engine *engine, unsigned round, unsigned delay_ms);
/* Gives a handle to the asker, which closes it. */
void engine_drop_later(struct engine *engine, struct client_system *handle);
void own_list_clear(struct own_list *list);
void left_list_clear(struct left_list *list);

/* ---- engine_events.c: on threads of the system ---- */
void engine_on_event(void *engine, uint32_t type, const char *system_id, const char *document);
void engine_on_change(void *engine, const struct host_change *change);

/* ---- engine_ask.c ---- */
void engine_ask_run(void *engine);
void want_list_free(struct engine *engine, struct want *wants); /* handles go to the asker */

/* ---- observe.c: all on the engine's thread ---- */
void observe_digest(struct engine *engine, struct notice *notices);
/* Looks at the clock: stale, loaded at last. Returns the next time to look (INT64_MAX: none). */
int64_t observe_clock(struct engine *engine);
void observe_commands(struct engine *engine); /* paused, refreshed, touched */
/* Collects a message (may be NULL) for the inbox; what one digest has to say arrives as one batch.
 */
void observe_post(struct engine *engine, struct message *message);
/* The list of systems was read: the link is live. */
void observe_live(struct engine *engine, int64_t time_ms);
/* It was answered, but the answer is of no use. */
void observe_stale(struct engine *engine, const char *reason, const char *hint);
/* The service or the right to use it is gone: drops all handles, tries again after a while. */
void observe_lost(struct engine *engine, const struct hvgpu_error *why);
/* Posts the host when something of it changed; always: also when only its clock did. */
void observe_post_host(struct engine *engine, bool always);
void observe_clear(struct engine *engine);

/* observe_list.c */
void observe_list(struct engine *engine, struct notice *notice);
struct seen *table_find(const struct table *table, const char *id);
struct seen *table_add(struct table *table, const struct hvgpu_system *record); /* takes record */
void table_remove(struct table *table, struct seen *seen);
void table_set_hash(struct table *table, struct seen *seen, uint64_t hash);
void table_clear(struct table *table);

/* observe_systems.c */
struct system_base { /* what the enumeration says about a system */
    const char *id, *name, *owner, *os, *host_id, *runtime_id, *type, *state;
    bool has_image, template;
};
const struct hvgpu_system *observe_first_record(const struct system_base *base);
/* Takes the new facts of a system that is known already. */
void observe_base(struct seen *seen, const struct system_base *base);
/* Rebuilds what is dirty, posts what changed and what is gone. `gone` is taken. */
void observe_systems(struct engine *engine, char **gone, size_t gone_count);
const struct own *own_of_container(const struct engine *engine, const char *id);
const struct own *own_of_vm(const struct engine *engine, const char *vm_id);
void observe_phantoms(struct engine *engine, char ***gone, size_t *gone_count);
void observe_mark_own(struct engine *engine);
/* "gpu0" of an instance id; the instance id itself when it is not listed. */
const char *observe_gpu_id(const struct engine *engine, const char *instance_id);
/* Is the VM of this record running, as far as the list tells? Unknown lists count as yes. */
bool observe_vm_exists(const struct engine *engine, const struct ownership *record);

/* observe_properties.c */
void observe_properties(struct engine *engine, struct notice *notice);
void observe_wants(struct engine *engine); /* prepares the next round's property reads */
void observe_drop_handle(struct engine *engine, struct seen *seen);

/* observe_gpus.c, observe_images.c, observe_records.c */
void observe_gpus(struct engine *engine);
void observe_images(struct engine *engine, struct notice *notice);
const char *observe_image_advice(const struct engine *engine);
void observe_records(struct engine *engine, struct notice *notice);
void observe_leftovers(struct engine *engine);

/* ---- engine_view.c ---- */
struct inventory *inventory_keep(struct engine *engine); /* NULL: none yet */
void inventory_drop(struct engine *engine, struct inventory *inventory);
/* Publishes what the engine's thread knows now. Engine's thread. */
void inventory_publish(struct engine *engine);

/* ---- checks.c ---- */
void checks_start_due(struct engine *engine);   /* engine's thread */
int64_t checks_next_due(struct engine *engine); /* INT64_MAX: none; with the mutex held */
void checks_forget_gone(struct engine *engine); /* engine's thread: own records that vanished */
bool checks_close(struct engine *engine, int64_t deadline_ns);
void checks_free(struct engine *engine);
/* check_run.c: one probe, blocking. The caller owns the record. */
const struct hvgpu_check *check_run(struct engine *engine, const char *system_id,
                                    struct client_system *vm, struct client_system *container,
                                    struct hvgpu_error *err);

#endif
