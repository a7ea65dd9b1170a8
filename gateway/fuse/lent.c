/* Handles of open files and directories, so that none is lost when a mount ends under programs that have them open. */
#include "mount_state.h"

void skr_lend(struct skr_mount *mount, struct skr_lent *lent, void (*abandon)(struct skr_lent *lent))
{
    pthread_mutex_lock(&mount->nodes.lock);
    lent->abandon = abandon;
    lent->next = mount->lent;
    lent->link = &mount->lent;
    if (lent->next != NULL)
        lent->next->link = &lent->next;
    mount->lent = lent;
    pthread_mutex_unlock(&mount->nodes.lock);
}

void skr_take_back(struct skr_mount *mount, struct skr_lent *lent)
{
    pthread_mutex_lock(&mount->nodes.lock);
    *lent->link = lent->next;
    if (lent->next != NULL)
        lent->next->link = lent->link;
    pthread_mutex_unlock(&mount->nodes.lock);
}

void skr_abandon_all(struct skr_mount *mount)
{
    while (mount->lent != NULL) {
        struct skr_lent *lent = mount->lent;
        skr_take_back(mount, lent);
        lent->abandon(lent);
    }
}
