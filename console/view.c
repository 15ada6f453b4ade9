/* SPDX-License-Identifier: MIT */
#include "console/view.h"

#include <stdlib.h>
#include <string.h>

#include "console/table.h"

struct view *view_new(struct app *app, const struct view_ops *ops)
{
    struct view *view = calloc(1, ops->size);
    if (view == NULL) {
        return NULL;
    }
    view->ops = ops;
    if (ops->open != NULL && !ops->open(app, view)) {
        free(view);
        return NULL;
    }
    return view;
}

void view_free(struct app *app, struct view *view)
{
    if (view == NULL) {
        return;
    }
    if (view->ops->close != NULL) {
        view->ops->close(app, view);
    }
    free(view);
}

const struct view_ops *view_find(const char *name)
{
    for (size_t i = 0; name != NULL && views[i] != NULL; i++) {
        if (strcmp(views[i]->name, name) == 0) {
            return views[i];
        }
    }
    return NULL;
}

struct table *view_table(struct app *app, struct view *view)
{
    return view != NULL && view->ops->table != NULL ? view->ops->table(app, view) : NULL;
}

struct pager *view_pager(struct app *app, struct view *view)
{
    return view != NULL && view->ops->pager != NULL ? view->ops->pager(app, view) : NULL;
}

const char *view_selected(struct app *app, struct view *view)
{
    const char *id = NULL;
    if (view != NULL && view->ops->selected != NULL) {
        id = view->ops->selected(app, view);
    }
    return id != NULL ? id : "";
}

const char *view_filter(struct app *app, struct view *view)
{
    if (view != NULL && view->ops->filter != NULL) {
        return view->ops->filter(app, view);
    }
    struct table *table = view_table(app, view);
    return table != NULL ? table->filter.source : "";
}

bool view_set_filter(struct app *app, struct view *view, const char *text)
{
    struct table *table = view_table(app, view);
    if (view != NULL && view->ops->set_filter != NULL) {
        view->ops->set_filter(app, view, text);
    } else if (table != NULL) {
        table_set_filter(table, text);
    } else {
        return false;
    }
    app->dirty = true;
    return true;
}
