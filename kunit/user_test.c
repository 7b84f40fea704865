// SPDX-License-Identifier: GPL-2.0
/*
 * Users: what one has at once is bounded, over all his rings (S7 of
 * Documentation/security.rst).
 */
#include <linux/anon_inodes.h>
#include <linux/cred.h>
#include <linux/file.h>

#include "limit.h"

/* --- rings --- */

static struct file *new_file(struct kunit *test)
{
	struct file *file = anon_inode_getfile("[cring]", &cring_fops, NULL,
					       O_RDWR);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, file);
	return file;
}

static int setup(struct file *file)
{
	struct cring_params p = { .sq_entries = 4 };

	return cring_ring_setup(file, &p);
}

static void close_ring(struct file *file)
{
	fput(file);
	flush_delayed_fput();
}

static void a_user_has_so_many_rings(struct kunit *test)
{
	struct file *second = new_file(test), *third = new_file(test);

	set_limit(test, &cring_max_user_rings, 2);
	live_open(test, 4, 0);
	KUNIT_EXPECT_EQ(test, setup(second), 0);
	KUNIT_EXPECT_EQ(test, setup(third), -EDQUOT);
	KUNIT_EXPECT_NULL(test, cring_file_ring(third));
	/* one that is closed makes room for another, at once */
	close_ring(second);
	KUNIT_EXPECT_EQ(test, setup(third), 0);
	close_ring(third);
	flush_workqueue(cring_wq);
}

static void a_ring_that_fails_does_not_count(struct kunit *test)
{
	struct cring_params none = { .sq_entries = 0 };
	struct file *file = new_file(test);
	struct live *live;

	live = live_open(test, 4, 0);
	set_limit(test, &cring_max_user_rings, 2);
	KUNIT_EXPECT_EQ(test, cring_ring_setup(file, &none), -EINVAL);
	KUNIT_EXPECT_EQ(test, setup(live->file), -EBUSY);
	KUNIT_EXPECT_EQ(test, setup(file), 0);
	close_ring(file);
	flush_workqueue(cring_wq);
}

static void a_ring_that_hangs_counts_until_it_is_gone(struct kunit *test)
{
	struct live *live = live_open(test, 4, 0);
	struct script *script = script_open(live, SCRIPT_DEVICE);
	struct file *file = new_file(test);

	set_limit(test, &cring_max_user_rings, 1);
	live_read(live, script, 1);
	live_close(live);
	KUNIT_EXPECT_EQ(test, setup(file), -EDQUOT);
	script_complete(script, 0, 1);
	KUNIT_EXPECT_TRUE(test, live_gone(live));
	KUNIT_EXPECT_EQ(test, setup(file), 0);
	close_ring(file);
	flush_workqueue(cring_wq);
}

static void another_user_has_his_own(struct kunit *test)
{
	struct file *mine = new_file(test), *his = new_file(test);
	struct cred *cred = prepare_creds();
	const struct cred *old;

	KUNIT_ASSERT_NOT_NULL(test, cred);
	set_limit(test, &cring_max_user_rings, 1);
	live_open(test, 4, 0);
	/* whatever he may do besides */
	cred->uid = KUIDT_INIT(4711);
	old = override_creds(cred);
	KUNIT_EXPECT_EQ(test, setup(his), 0);
	KUNIT_EXPECT_EQ(test, setup(mine), -EDQUOT);
	revert_creds(old);
	KUNIT_EXPECT_EQ(test, setup(mine), -EDQUOT);
	close_ring(his);
	/* whose it was is asked of the ring, not of who closes it */
	old = override_creds(cred);
	KUNIT_EXPECT_EQ(test, setup(mine), 0);
	revert_creds(old);
	close_ring(mine);
	flush_workqueue(cring_wq);
	put_cred(cred);
}

static void no_rings_are_none(struct kunit *test)
{
	struct cred *cred = prepare_creds();
	struct file *file = new_file(test);
	const struct cred *old;

	KUNIT_ASSERT_NOT_NULL(test, cred);
	/* of a user who has none yet, too */
	live_open(test, 4, 0);
	set_limit(test, &cring_max_user_rings, 0);
	KUNIT_EXPECT_EQ(test, setup(file), -EDQUOT);
	cred->uid = KUIDT_INIT(4711);
	old = override_creds(cred);
	KUNIT_EXPECT_EQ(test, setup(file), -EDQUOT);
	revert_creds(old);
	close_ring(file);
	put_cred(cred);
}

/* --- what can be let go of --- */

static void so_many_of_a_user_can_be_let_go_of(struct kunit *test)
{
	struct live *one = live_open(test, 4, 0);
	struct live *two = live_open(test, 4, 0);
	struct cring_user *user = one->ring->user;

	KUNIT_EXPECT_PTR_EQ(test, two->ring->user, user);
	set_limit(test, &cring_max_user_detached, 2);
	KUNIT_EXPECT_EQ(test, cring_user_detach_get(user), 0);
	KUNIT_EXPECT_EQ(test, cring_user_detach_get(user), 0);
	KUNIT_EXPECT_EQ(test, cring_user_detach_get(user), -EAGAIN);
	/* who was refused does not count */
	cring_user_detach_put(user);
	KUNIT_EXPECT_EQ(test, cring_user_detach_get(user), 0);
	cring_user_detach_put(user);
	cring_user_detach_put(user);
}

static struct kunit_case cring_user_cases[] = {
	KUNIT_CASE(a_user_has_so_many_rings),
	KUNIT_CASE(a_ring_that_fails_does_not_count),
	KUNIT_CASE(a_ring_that_hangs_counts_until_it_is_gone),
	KUNIT_CASE(another_user_has_his_own),
	KUNIT_CASE(no_rings_are_none),
	KUNIT_CASE(so_many_of_a_user_can_be_let_go_of),
	{}
};

static struct kunit_suite cring_user_suite = {
	.name = "cring_user",
	.test_cases = cring_user_cases,
};

kunit_test_suite(cring_user_suite);
